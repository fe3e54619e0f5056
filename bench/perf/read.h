#include <stdint.h>

// The sum of all elements of n rows of Y, each of f floats.
float llm4rec_sum_rows(const float *y, int f, const int32_t *rows, int64_t n);
