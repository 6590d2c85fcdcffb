#undef NDEBUG
#include "filter.c"

#include <assert.h>
#include <float.h>

static const float x[] = {1, 0, 0, 0}, y[] = {0.6f, 0.8f, 0, 0}, z[] = {0, 1, 0, 0};

static void expect(cs_text question, cs_text answer, const float *a, const float *b, cs_verdict want) {
  cs_row row = {.question = question, .answer = answer, .question_embedding = a, .answer_embedding = b, .dim = 4};
  cs_verdict got = judge(&row);
  assert(got.reason == want.reason && got.score == want.score);
}

int main(void) {
  cs_config options = cs_options("{\"characters_min\":3,\"dot_min\":0.5}");
  assert(configure(&options) == NULL);
  expect(CS_TEXT("Why?"), CS_TEXT("Because."), x, y, cs_keep(0.6f));
  expect(CS_TEXT("Why?"), CS_TEXT("So"), x, y, cs_drop(SHORT, 0.6f));
  expect(CS_TEXT("\u0434\u0430"), CS_TEXT("Because."), x, x, cs_drop(SHORT, 1));
  expect(CS_TEXT("Why?"), CS_TEXT("Because."), x, z, cs_drop(APART, 0));

  float big[] = {FLT_MAX, FLT_MAX, 1, 1}, mixed[] = {-FLT_MAX, FLT_MAX, 1, 1};
  assert(dot(big, big, 4) == 1 && dot(big, mixed, 4) == -1);
  puts("all tests passed");
}
