// What a search for the best rows does beside a product of matrices, for one thread.
#include <stdint.h>

// See Above. bias may be NULL.
void llm4rec_above(const float *scores, const float *bias, int rows, int cols, const float *floors, int32_t *hits,
                   float *values, int32_t *ends);

// See Kth.
float llm4rec_kth(const float *x, int n, int k);

// See Dots.
void llm4rec_dots(double *out, const float *q, const float *x, int f, const int32_t *rows, int n);
