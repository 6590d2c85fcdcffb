/* The tests of cubeset.h: cc -std=c11 -Wall -Wextra -Werror -o test test.c && ./test */
#undef NDEBUG
#include "cubeset.h"

#include <assert.h>
#include <string.h>

/* buffer is a message of the host being written. */
static _Alignas(16) unsigned char buffer[1024];
static uint32_t size;

static void begin(const char *magic, uint32_t header) {
  memset(buffer, 0, sizeof buffer);
  memcpy(buffer, magic, 4);
  size = header;
}

static void put(uint32_t at, uint32_t value) { memcpy(buffer + at, &value, 4); }

static uint32_t add(const void *data, uint32_t n) {
  uint32_t at = size = (size + 15) & ~15u;
  memcpy(buffer + at, data, n);
  size += n;
  return at;
}

#define WORDS(...) ((uint32_t[]){__VA_ARGS__}), sizeof(uint32_t[]){__VA_ARGS__}
#define FLOATS(...) ((float[]){__VA_ARGS__}), sizeof(float[]){__VA_ARGS__}

/* strings adds a column: offsets, and right behind them the texts. */
static uint32_t strings(uint32_t a, uint32_t b, const char *text) {
  uint32_t at = add(WORDS(0, a, b));
  memcpy(buffer + size, text, b);
  size += b;
  return at;
}

static cs_row seen[2];
static cs_score scores[2][2];

static cs_verdict record(const cs_row *row) {
  seen[row->at] = *row;
  for (size_t k = 0; k < row->scores && k < 2; k++) scores[row->at][k] = cs_score_at(row, k);
  return row->answer.size ? cs_keep(0.5f) : cs_drop(7, -1.5f);
}

static bool is(cs_text text, const char *want) { return text.size == strlen(want) && !memcmp(text.data, want, text.size); }

static void batch(void) {
  begin("CSB1", 64);
  put(8, 2);
  put(16, add(WORDS(0, 2, 7)));
  put(20, add("hi\xD0\xBC\xD0\xB8!", 7));
  put(24, add(WORDS(0, 0, 5)));
  put(28, add("fine.", 5));
  put(32, add(FLOATS(1, 2, 3, 4)));
  put(36, add(FLOATS(5, 6, 7, 8)));
  put(40, 2);
  put(56, 9);
  put(60, 1);
}

static void rows_and_verdicts(void) {
  batch();
  uint32_t at[9], table = add((uint32_t[27]){0}, 108);
  put(52, table);
  at[1] = strings(1, 1, "c");
  at[2] = strings(1, 3, "aab");
  at[3] = strings(2, 4, "enru");
  at[4] = add(FLOATS(0.25f, 0.5f));
  at[5] = strings(0, 1, "s");
  at[6] = add(WORDS(UINT32_MAX, 3, 0, 0, 1));
  memcpy(buffer + size++, "d", 1);
  at[7] = add(WORDS(2, 0, 4, 6));
  float values[] = {1, 2, 3, 4};
  memcpy(buffer + size, values, sizeof values);
  memcpy(buffer + size + sizeof values, "echopi", 6);
  size += sizeof values + 6;
  at[8] = 0;
  for (uint32_t i = 1; i < 9; i++) put(table + 12 * (i - 1), i == 8 ? 99 : i), put(table + 12 * (i - 1) + 4, at[i]);
  uint32_t verdicts = add(WORDS(~0u, ~0u, ~0u, ~0u));
  put(44, verdicts);
  put(48, size);
  assert(cs__judge(buffer, size, record) == NULL);
  const cs_row *a = &seen[0], *b = &seen[1];
  assert(a->number == (1ull << 32) + 9 && is(a->question, "hi") && is(a->answer, "") && is(a->context, "c"));
  assert(is(a->id, "a") && is(a->lang, "en") && is(a->source, "") && is(a->dialogue_id, "") && a->turn == -1);
  assert(a->similarity == 0.25f && a->dim == 2 && a->question_embedding[1] == 2 && a->answer_embedding[0] == 5);
  assert(b->number == (1ull << 32) + 10 && cs_characters(b->question) == 3 && is(b->answer, "fine.") && is(b->id, "ab"));
  assert(is(b->lang, "ru") && is(b->source, "s") && is(b->dialogue_id, "d") && b->turn == 3 && b->answer_embedding[1] == 8);
  assert(b->scores == 2 && is(scores[1][0].filter, "echo") && is(scores[1][1].filter, "pi"));
  assert(scores[0][1].value == 3 && scores[1][0].value == 2 && scores[1][1].value == 4);
  assert(!memcmp(buffer + verdicts, "\0\0\7\0\0\0\xc0\xbf\1\0\0\0\0\0\0\x3f", 16));
}

static void texts_alone(void) {
  batch();
  put(32, 0);
  put(36, 0);
  put(40, 0);
  put(44, add(WORDS(~0u, ~0u, ~0u, ~0u)));
  memset(seen, 0, sizeof seen);
  assert(cs__judge(buffer, size, record) == NULL);
  assert(is(seen[1].answer, "fine.") && !seen[1].answer_embedding && !seen[1].scores && seen[1].turn == -1 && is(seen[1].id, ""));
  put(8, 0);
  assert(cs__judge(buffer, size, record) == NULL);
  assert(cs__judge(buffer, 63, record) && cs__judge((unsigned char *)"CSC1", 64, record));
}

static double number;
static cs_text words;

static const char *configure(const cs_config *config) {
  return cs_blob(config, "words", &words) && !cs_blob(config, "word", &words) ? cs_number(config, "min", &number) : "no words";
}

static void configuration(void) {
  const char *json = "{\"min\":2}";
  begin("CSC1", 32);
  put(8, 1);
  put(16, add(json, strlen(json)));
  put(20, strlen(json));
  uint32_t table = add((uint32_t[4]){0}, 16);
  put(24, table);
  put(table, add("words", 5));
  put(table + 4, 5);
  put(table + 8, add("a b", 3));
  put(table + 12, 3);
  assert(cs__configure(buffer, size, configure) == NULL && number == 2 && is(words, "a b"));
  put(8, 0);
  assert(is(cs_options(cs__configure(buffer, size, configure)).json, "no words"));
  assert(cs__configure(buffer, 31, configure) && cs__configure((unsigned char *)"CSB1", 64, configure));
}

static void finds_options(void) {
  cs_config c = cs_options(" { \"a\" : 1, \"b\":{\"a\":[2,\"}\\\"\"]} , \"c\":\"x,y\" ,\"d\":true}");
  assert(is(cs_json(&c, "a"), "1") && is(cs_json(&c, "b"), "{\"a\":[2,\"}\\\"\"]}") && is(cs_json(&c, "c"), "\"x,y\""));
  assert(is(cs_json(&c, "d"), "true") && is(cs_json(&c, "e"), "") && is(cs_json(&c, ""), ""));
  const char *broken[] = {"", "[]", "{", "{\"a\"", "{\"a\":", "{x:1}", "{,}", "{\"b\":1 ", "{\"b\\"};
  for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
    cs_config b = cs_options(broken[i]);
    assert(is(cs_json(&b, "a"), ""));
  }
}

static void reads_numbers(void) {
  const char *good[] = {"0", "-1", "0.3", "1024", "1e3", "1e+21", "2.5E-2", "-0.000001", "123456789012345", "1e-07", "1e308"};
  const char *bad[] = {"", "-", "e5", "1x", "\"1\"", "true", "NaN", "[1]", "1e5x", "."};
  char json[64];
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    double got = 0, want = strtod(good[i], NULL);
    snprintf(json, sizeof json, "{\"n\":%s}", good[i]);
    cs_config c = cs_options(json);
    assert(cs_number(&c, "n", &got) == NULL && (got == want || (got > want * (1 - 1e-14) && got < want * (1 + 1e-14))));
    assert(i == 10 || got == want);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    double got;
    snprintf(json, sizeof json, "{\"n\":%s}", bad[i]);
    cs_config c = cs_options(json);
    assert(cs_number(&c, "n", &got) != NULL);
  }
  cs_config c = cs_options("{\"n\":3.14159265358979312}");
  assert(!cs_number(&c, "n", &number) && number > 3.14159265358979 && number < 3.1415926535898);
}

static void reads_texts(void) {
  struct { const char *json, *want; } cases[] = {
      {"{\"s\":\"a\\u0416\\ud83d\\ude00\\n\\/\\\"\"}", "a\xD0\x96\xF0\x9F\x98\x80\n/\""}, {"{\"s\":\"\"}", ""}, {"{\"s\":\"\\u20ac\"}", "\xE2\x82\xAC"},
      {"{\"s\":3}", NULL}, {"{}", NULL}, {"{\"s\":\"\\q\"}", NULL}, {"{\"s\":\"\\u12\"}", NULL}, {"{\"s\":\"\\ud83dx\"}", NULL}, {"{\"s\":\"x", NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    cs_config c = cs_options(cases[i].json);
    cs_text got;
    const char *wrong = cs_string(&c, "s", &got);
    assert(!wrong == !!cases[i].want && (wrong || is(got, cases[i].want)));
  }
  bool b;
  cs_config c = cs_options("{\"t\":true,\"f\":false,\"n\":1}");
  assert(!cs_bool(&c, "t", &b) && b && !cs_bool(&c, "f", &b) && !b && cs_bool(&c, "n", &b) && cs_bool(&c, "x", &b));
}

int main(void) {
  rows_and_verdicts();
  texts_alone();
  configuration();
  finds_options();
  reads_numbers();
  reads_texts();
  cs_log(CS_INFO, CS_TEXT("all tests passed"));
}
