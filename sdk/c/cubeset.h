/* cubeset.h: all that a cubeset quality filter in C needs, version 1 of the ABI.
 *
 * A filter is one function that reads the options, one that judges a row, and
 * one line that exports them:
 *
 *   #include "cubeset.h"
 *
 *   static double answer_min;
 *
 *   static const char *configure(const cs_config *config) {
 *     return cs_number(config, "answer_min", &answer_min);
 *   }
 *
 *   static cs_verdict judge(const cs_row *row) {
 *     size_t n = cs_characters(row->answer);
 *     return n < answer_min ? cs_drop(TOO_SHORT, n) : cs_keep(n);
 *   }
 *
 *   CS_FILTER(configure, judge)
 *
 * It is for one source file, needs no C library for WebAssembly, and compiles as
 * an ordinary header too, so that tests call configure and judge.
 */
#ifndef CUBESET_H
#define CUBESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifndef __wasm__
#include <stdio.h>
#include <stdlib.h>
#endif

/* What a filter sees and says ------------------------------------------- */

/* Text is UTF-8 without a terminating zero. */
typedef struct {
  const char *data;
  size_t size; /* in bytes */
} cs_text;

/* CS_TEXT makes a cs_text of a literal. */
#define CS_TEXT(literal) ((cs_text){(literal), sizeof(literal) - 1})

typedef struct {
  cs_text filter;
  float value;
} cs_score;

/* Row is a question and an answer. What comes after the answer is there only if
 * the manifest's needs ask for it. All of it is the host's: what is kept beyond
 * the call has to be copied. */
typedef struct {
  uint64_t number; /* in its chunk */
  cs_text question, answer;

  cs_text context;                 /* needs "context": what came before the question */
  cs_text id;                      /* needs "id" */
  cs_text lang;                    /* needs "lang": as the input gave it, empty if unknown */
  cs_text source;                  /* needs "source": the file or collection */
  cs_text dialogue_id;             /* needs "dialogue" */
  int32_t turn;                    /* needs "dialogue"; -1 if unknown */
  float similarity;                /* needs "similarity": cosine of the two embeddings */
  const float *question_embedding; /* needs "embeddings": the teacher's own, dim values each */
  const float *answer_embedding;
  size_t dim;
  size_t scores; /* needs "scores": how many filters ran before; cs_score_at(row, k) is the k-th */
  const unsigned char *scores_at; /* private */
  size_t rows, at;                /* private */
} cs_row;

typedef struct {
  uint16_t reason; /* 0 keeps the row; else a code of the manifest */
  float score;     /* finite; becomes a column of the dataset */
} cs_verdict;

static inline cs_verdict cs_keep(float score) { return (cs_verdict){0, score}; }
static inline cs_verdict cs_drop(uint16_t reason, float score) { return (cs_verdict){reason, score}; }

/* cs_characters counts the characters of a text, not its bytes. */
static inline size_t cs_characters(cs_text text) {
  size_t n = 0;
  for (size_t i = 0; i < text.size; i++) n += (text.data[i] & 0xC0) != 0x80;
  return n;
}

static inline bool cs_equal(cs_text a, cs_text b) {
  if (a.size != b.size) return false;
  for (size_t i = 0; i < a.size; i++)
    if (a.data[i] != b.data[i]) return false;
  return true;
}

/* Log ------------------------------------------------------------------- */

enum { CS_DEBUG, CS_INFO, CS_WARNING, CS_ERROR };

#ifdef __wasm__
__attribute__((import_module("cubeset"), import_name("log"))) void cs__log(int level, const char *data, size_t size);
static inline void cs_log(int level, cs_text text) { cs__log(level, text.data, text.size); }
#else
static inline void cs_log(int level, cs_text text) { fprintf(stderr, "log %d: %.*s\n", level, (int)text.size, text.data); }
#endif

/* Memory ---------------------------------------------------------------- */

#ifdef __wasm__
extern unsigned char __heap_base;
static size_t cs__used; /* end of what was given out; 0 before the first */

/* cs__reach makes sure that memory goes up to end. */
static inline bool cs__reach(uint64_t end) {
  uint64_t have = (uint64_t)__builtin_wasm_memory_size(0) << 16;
  return end <= have || (end <= UINT32_MAX && __builtin_wasm_memory_grow(0, (end - have + 65535) >> 16) != (size_t)-1);
}
#endif

/* cs_alloc gives zeroed memory, aligned to 16, that is never taken back: for
 * what is made of the options, not for every row. NULL if there is no room. */
static inline void *cs_alloc(size_t size) {
#ifdef __wasm__
  if (cs__used == 0) cs__used = ((size_t)&__heap_base + 15) & ~(size_t)15;
  uint64_t end = ((uint64_t)cs__used + size + 15) & ~(uint64_t)15;
  if (!cs__reach(end)) return NULL;
  void *block = (void *)cs__used;
  cs__used = (size_t)end;
  return block;
#else
  return calloc(1, size + 1);
#endif
}

/* Options --------------------------------------------------------------- */

/* Config is the options, as the host merged and checked them, and the blobs. */
typedef struct {
  cs_text json;               /* one object */
  const unsigned char *bytes; /* of the configuration; NULL in tests */
} cs_config;

/* cs_options makes a configuration for a test: cs_options("{\"min\":3}"). */
static inline cs_config cs_options(const char *json) {
  cs_config c = {{json, 0}, NULL};
  while (json[c.json.size]) c.json.size++;
  return c;
}

static inline uint32_t cs__u32(const unsigned char *at) {
  return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* cs__value is the end of the JSON value that starts at p, at most end. */
static inline const char *cs__value(const char *p, const char *end) {
  int depth = 0;
  bool quoted = false;
  for (; p < end; p++) {
    if (quoted) {
      if (*p == '\\') p++;
      else if (*p == '"') quoted = false;
    } else if (*p == '"') {
      quoted = true;
    } else if (*p == '{' || *p == '[') {
      depth++;
    } else if (depth > 0 && (*p == '}' || *p == ']')) {
      depth--;
    } else if (depth == 0 && (*p == ',' || *p == ':' || *p == '}' || *p == ' ' || *p == '\n')) {
      break;
    }
  }
  return p < end ? p : end;
}

/* cs__past is what follows the sign c, with white space on both sides of it;
 * NULL if the next sign is another. */
static inline const char *cs__past(char c, const char *p, const char *end) {
  while (p < end && (*p == ' ' || *p == '\n')) p++;
  if (p == end || *p != c) return NULL;
  for (p++; p < end && (*p == ' ' || *p == '\n');) p++;
  return p;
}

/* cs_json is the JSON of an option; empty if there is none of that name. */
static inline cs_text cs_json(const cs_config *config, const char *key) {
  cs_text want = cs_options(key).json;
  const char *end = config->json.data + config->json.size;
  const char *name = cs__past('{', config->json.data, end);
  while (name && name < end && *name == '"') {
    const char *after = cs__value(name, end);
    const char *value = cs__past(':', after, end);
    if (!value) break;
    cs_text found = {value, cs__value(value, end) - value};
    if (cs_equal((cs_text){name + 1, after - name - 2}, want)) return found;
    name = cs__past(',', value + found.size, end);
  }
  return (cs_text){"", 0};
}

/* The functions below read one option. They return NULL, or a message that
 * configure passes on: it ends the build. */

/* cs_number is exact up to 15 digits, and else right to about as many. */
static inline const char *cs_number(const cs_config *config, const char *key, double *out) {
  cs_text json = cs_json(config, key);
  const char *p = json.data, *end = p + json.size;
  bool minus = p < end && *p == '-', power_minus = false;
  uint64_t digits = 0;
  int scale = 0, power = 0, seen = 0;
  p += minus;
  for (bool point = false; p < end && ((*p >= '0' && *p <= '9') || (*p == '.' && !point)); p++) {
    if (*p == '.') {
      point = true;
      continue;
    }
    seen++;
    if (digits < UINT64_MAX / 10 - 1) digits = digits * 10 + (uint64_t)(*p - '0'), scale -= point;
    else scale += !point;
  }
  if (p < end && seen > 0 && (*p == 'e' || *p == 'E')) {
    p++;
    if (p < end && (*p == '-' || *p == '+')) power_minus = *p++ == '-';
    for (; p < end && *p >= '0' && *p <= '9' && power < 1000; p++) power = power * 10 + (*p - '0');
  }
  if (seen == 0 || p != end) return "an option is not a number";
  scale += power_minus ? -power : power;
  double value = (double)digits, factor = 1;
  for (int i = 0; i < (scale < 0 ? -scale : scale) && i < 400; i++) factor *= 10;
  value = scale < 0 ? value / factor : value * factor;
  *out = minus ? -value : value;
  return NULL;
}

static inline const char *cs_bool(const cs_config *config, const char *key, bool *out) {
  cs_text json = cs_json(config, key);
  *out = cs_equal(json, CS_TEXT("true"));
  return *out || cs_equal(json, CS_TEXT("false")) ? NULL : "an option is neither true nor false";
}

/* cs__unit is the four digits of \uXXXX at p, or -1. */
static inline int cs__unit(const char *p, const char *end) {
  int unit = 0;
  if (end - p < 6 || p[0] != '\\' || p[1] != 'u') return -1;
  for (int i = 2; i < 6; i++) {
    char c = p[i];
    int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

static inline char *cs__utf8(char *to, uint32_t c) {
  if (c < 0x80) {
    *to++ = (char)c;
    return to;
  }
  int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  *to++ = (char)((0xFF00 >> (more + 1)) | c >> 6 * more);
  while (more-- > 0) *to++ = (char)(0x80 | (c >> 6 * more & 0x3F));
  return to;
}

static inline const char *cs_string(const cs_config *config, const char *key, cs_text *out) {
  cs_text json = cs_json(config, key);
  if (json.size < 2 || json.data[0] != '"' || json.data[json.size - 1] != '"') return "an option is not a text";
  const char *p = json.data + 1, *end = json.data + json.size - 1;
  char *start = cs_alloc(json.size), *to = start;
  if (!start) return "no memory";
  while (p < end) {
    if (*p != '\\') {
      *to++ = *p++;
      continue;
    }
    int unit = cs__unit(p, end), low = unit >= 0xD800 && unit < 0xDC00 ? cs__unit(p + 6, end) : 0;
    if (low >= 0xDC00 && low < 0xE000) {
      to = cs__utf8(to, 0x10000u + ((uint32_t)(unit - 0xD800) << 10) + (uint32_t)(low - 0xDC00));
      p += 12;
    } else if (unit >= 0 && low == 0) {
      to = cs__utf8(to, (uint32_t)unit);
      p += 6;
    } else {
      static const char escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
      size_t i = 0;
      while (escapes[i] && escapes[i] != p[1]) i++;
      if (!escapes[i] || low < 0 || end - p < 2) return "an option is not a text";
      *to++ = meant[i];
      p += 2;
    }
  }
  *out = (cs_text){start, (size_t)(to - start)};
  return NULL;
}

/* cs_blob finds a named file, a word list for example; it is the host's, and has
 * to be copied. False if there is none of that name. */
static inline bool cs_blob(const cs_config *config, const char *name, cs_text *out) {
  const unsigned char *b = config->bytes;
  cs_text want = cs_options(name).json;
  for (uint32_t i = 0; b && i < cs__u32(b + 8); i++) {
    const unsigned char *entry = b + cs__u32(b + 24) + 16 * i;
    if (!cs_equal((cs_text){(const char *)b + cs__u32(entry), cs__u32(entry + 4)}, want)) continue;
    *out = (cs_text){(const char *)b + cs__u32(entry + 8), cs__u32(entry + 12)};
    return true;
  }
  return false;
}

/* The batch ------------------------------------------------------------- */

/* cs__text is text i of the column whose offsets and data are at b. */
static inline cs_text cs__text(const unsigned char *offsets, const unsigned char *data, size_t i) {
  uint32_t from = cs__u32(offsets + 4 * i), to = cs__u32(offsets + 4 * i + 4);
  return (cs_text){(const char *)data + from, to - from};
}

/* cs__column is text i of an extension; empty if there is none. */
static inline cs_text cs__column(const unsigned char *at, size_t rows, size_t i) {
  return at ? cs__text(at, at + 4 * rows + 4, i) : (cs_text){"", 0};
}

static inline float cs__f32(const unsigned char *at) {
  union { uint32_t bits; float value; } u = {cs__u32(at)};
  return u.value;
}

/* cs_score_at is what the k-th of row->scores filters said of this row. */
static inline cs_score cs_score_at(const cs_row *row, size_t k) {
  size_t count = cs__u32(row->scores_at);
  const unsigned char *names = row->scores_at + 4, *values = names + 4 * count + 4;
  return (cs_score){cs__text(names, values + 4 * count * row->rows, k), cs__f32(values + 4 * (k * row->rows + row->at))};
}

typedef const char *(*cs_configure_function)(const cs_config *);
typedef cs_verdict (*cs_judge_function)(const cs_row *);

/* cs__judge has a batch judged. */
static inline const char *cs__judge(unsigned char *b, size_t size, cs_judge_function judge) {
  if (size < 64 || !cs_equal((cs_text){(const char *)b, 4}, CS_TEXT("CSB1"))) return "not a batch";
  const unsigned char *extension[8] = {0};
  size_t rows = cs__u32(b + 8), dim = cs__u32(b + 40), table = cs__u32(b + 52);
  for (; table && cs__u32(b + table); table += 12)
    if (cs__u32(b + table) < 8) extension[cs__u32(b + table)] = b + cs__u32(b + table + 4);
  const float *questions = (const float *)(b + cs__u32(b + 32)), *answers = (const float *)(b + cs__u32(b + 36));
  bool vectors = cs__u32(b + 32) != 0;
  const unsigned char *dialogues = extension[6] ? extension[6] + 4 * rows : NULL;
  unsigned char *verdicts = b + cs__u32(b + 44);
  cs_row row = {.dim = dim, .rows = rows, .scores_at = extension[7], .scores = extension[7] ? cs__u32(extension[7]) : 0};
  for (size_t i = 0; i < rows; i++) {
    row.at = i;
    row.number = (cs__u32(b + 56) | (uint64_t)cs__u32(b + 60) << 32) + i;
    row.question = cs__text(b + cs__u32(b + 16), b + cs__u32(b + 20), i);
    row.answer = cs__text(b + cs__u32(b + 24), b + cs__u32(b + 28), i);
    row.context = cs__column(extension[1], rows, i);
    row.id = cs__column(extension[2], rows, i);
    row.lang = cs__column(extension[3], rows, i);
    row.source = cs__column(extension[5], rows, i);
    row.dialogue_id = cs__column(dialogues, rows, i);
    row.turn = extension[6] ? (int32_t)cs__u32(extension[6] + 4 * i) : -1;
    row.similarity = extension[4] ? cs__f32(extension[4] + 4 * i) : 0;
    if (vectors) {
      row.question_embedding = questions + i * dim;
      row.answer_embedding = answers + i * dim;
    }
    cs_verdict v = judge(&row);
    struct { uint8_t keep, reserved; uint16_t reason; float score; } *out = (void *)(verdicts + 8 * i);
    out->keep = v.reason == 0;
    out->reserved = 0;
    out->reason = v.reason;
    out->score = v.score;
  }
  return NULL;
}

static inline const char *cs__configure(const unsigned char *b, size_t size, cs_configure_function configure) {
  if (size < 32 || !cs_equal((cs_text){(const char *)b, 4}, CS_TEXT("CSC1"))) return "not a configuration";
  cs_config config = {{(const char *)b + cs__u32(b + 16), cs__u32(b + 20)}, b};
  return configure(&config);
}

/* CS_FILTER exports a filter. configure returns NULL, or why it cannot work. */
#ifdef __wasm__
#define CS_FILTER(configure, judge)                                                                  \
  static unsigned char *cs__buffer;                                                                  \
  static size_t cs__capacity;                                                                        \
  static const char *cs__error;                                                                      \
  __attribute__((export_name("cubeset_filter_v1"))) uint32_t cs__revision(void) { return 1; }        \
  __attribute__((export_name("cs_reserve"))) void *cs__reserve(uint32_t n) {                         \
    if (cs__buffer && n <= cs__capacity) return cs__buffer;                                          \
    /* The last block grows in place, so that larger batches leave no old buffers behind. */         \
    if (cs__buffer && (size_t)cs__buffer + cs__capacity == cs__used) cs__used = (size_t)cs__buffer;  \
    cs__capacity = ((size_t)n + 15) & ~(size_t)15;                                                   \
    return cs__buffer = cs_alloc(cs__capacity);                                                      \
  }                                                                                                  \
  __attribute__((export_name("cs_configure"))) int cs__configured(unsigned char *p, uint32_t n) {    \
    return (cs__error = cs__configure(p, n, configure)) != NULL;                                     \
  }                                                                                                  \
  __attribute__((export_name("cs_filter"))) int cs__filtered(unsigned char *p, uint32_t n) {         \
    return (cs__error = cs__judge(p, n, judge)) != NULL;                                             \
  }                                                                                                  \
  __attribute__((export_name("cs_error"))) uint64_t cs__complaint(void) {                            \
    return (uint64_t)(size_t)cs__error << 32 | (cs__error ? cs_options(cs__error).json.size : 0);    \
  }
#else
#define CS_FILTER(configure, judge)                                  \
  static const cs_configure_function cs__configure_used = configure; \
  static const cs_judge_function cs__judge_used = judge;             \
  static inline bool cs__used(void) { return cs__configure_used && cs__judge_used; }
#endif

#endif
