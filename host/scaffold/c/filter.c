/* @NAME@ drops rows whose answer is too short. */
#include "cubeset.h"

enum { ANSWER_SHORT = 1 }; /* a reason of manifest.json */

static double answer_min;

static const char *configure(const cs_config *config) {
  return cs_number(config, "answer_min", &answer_min);
}

static cs_verdict judge(const cs_row *row) {
  size_t n = cs_characters(row->answer);
  return n < answer_min ? cs_drop(ANSWER_SHORT, n) : cs_keep(n);
}

CS_FILTER(configure, judge)
