/* columns hashes all it is given. */
#include "cubeset.h"

static uint32_t seed;

/* The hash is FNV-1a. */
static void byte(uint32_t *h, unsigned char b) { *h = (*h ^ b) * 16777619u; }

static void text(uint32_t *h, cs_text s) {
  for (size_t i = 0; i < s.size; i++) byte(h, (unsigned char)s.data[i]);
  byte(h, 0);
}

static void word(uint32_t *h, uint32_t v) {
  for (int i = 0; i < 4; i++) byte(h, (unsigned char)(v >> 8 * i));
}

static void real(uint32_t *h, float v) {
  union { float value; uint32_t bits; } u = {v};
  word(h, u.bits);
}

static const char *configure(const cs_config *config) {
  union { double value; uint32_t bits[2]; } number;
  bool flag;
  cs_text string, words = CS_TEXT("");
  const char *wrong = cs_number(config, "number", &number.value);
  if (!wrong) wrong = cs_bool(config, "flag", &flag);
  if (!wrong) wrong = cs_string(config, "text", &string);
  if (wrong) return wrong;
  if (cs_equal(string, CS_TEXT("fail"))) return "asked to fail";
  seed = 2166136261u;
  word(&seed, number.bits[0]);
  word(&seed, number.bits[1]);
  word(&seed, flag);
  text(&seed, string);
  cs_blob(config, "words", &words);
  text(&seed, words);
  cs_log(CS_INFO, CS_TEXT("hashed the options"));
  return NULL;
}

static cs_verdict judge(const cs_row *row) {
  uint32_t h = seed;
  for (size_t i = 0; i + 4 <= row->answer.size; i++)
    if (cs_equal((cs_text){row->answer.data + i, 4}, CS_TEXT("trap"))) __builtin_trap();
  word(&h, (uint32_t)row->number);
  word(&h, (uint32_t)(row->number >> 32));
  const cs_text texts[] = {row->question, row->answer, row->context, row->id, row->lang, row->source, row->dialogue_id};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) text(&h, texts[i]);
  word(&h, (uint32_t)row->turn);
  real(&h, row->similarity);
  for (size_t i = 0; i < row->dim; i++) {
    real(&h, row->question_embedding[i]);
    real(&h, row->answer_embedding[i]);
  }
  for (size_t k = 0; k < row->scores; k++) {
    cs_score s = cs_score_at(row, k);
    text(&h, s.filter);
    real(&h, s.value);
  }
  float score = (float)(h & 0xffffff);
  return h >> 24 & 1 ? cs_drop(7, score) : cs_keep(score);
}

CS_FILTER(configure, judge)
