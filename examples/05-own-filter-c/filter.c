/* alike drops rows with a short text, and those whose two vectors point apart. */
#include "cubeset.h"
#include "dot.h"

enum { SHORT = 1, APART = 2 }; /* the reasons of manifest.json */

static double characters_min, dot_min;

static const char *configure(const cs_config *config) {
  const char *wrong = cs_number(config, "characters_min", &characters_min);
  return wrong ? wrong : cs_number(config, "dot_min", &dot_min);
}

static cs_verdict judge(const cs_row *row) {
  float d = dot(row->question_embedding, row->answer_embedding, row->dim);
  if (cs_characters(row->question) < characters_min || cs_characters(row->answer) < characters_min) return cs_drop(SHORT, d);
  return d < (float)dot_min ? cs_drop(APART, d) : cs_keep(d);
}

CS_FILTER(configure, judge)
