#include <stddef.h>

/* dot is the dot product of two vectors of length 1, in four sums so that the
 * compiler may do them at once, and it has the same bits in each language of
 * these examples. */
static inline float dot(const float *a, const float *b, size_t n) {
  float s[4] = {0, 0, 0, 0};
  for (size_t i = 0; i + 4 <= n; i += 4)
    for (size_t k = 0; k < 4; k++) s[k] += a[i + k] * b[i + k];
  float d = (s[0] + s[1]) + (s[2] + s[3]);
  return d >= 1 ? 1 : d > -1 ? d : -1; /* not a number is -1: a score must be one */
}
