/* mkdir -p build && cc -std=c11 -Wall -o build/test test.c && build/test */
#undef NDEBUG
#include "filter.c"

#include <assert.h>

static void expect(cs_text answer, cs_verdict want) {
  cs_row row = {.question = CS_TEXT("Really?"), .answer = answer};
  cs_verdict got = judge(&row);
  assert(got.reason == want.reason && got.score == want.score);
}

int main(void) {
  cs_config options = cs_options("{\"answer_min\":5}");
  assert(configure(&options) == NULL);
  expect(CS_TEXT("Yes."), cs_drop(ANSWER_SHORT, 4));
  expect(CS_TEXT("\u0414\u0430-\u0434\u0430"), cs_keep(5));
  expect(CS_TEXT(""), cs_drop(ANSWER_SHORT, 0));

  options = cs_options("{\"answer_min\":\"five\"}");
  assert(configure(&options) != NULL);
  puts("all tests passed");
}
