#include <stdint.h>

// See Above. bias may be NULL.
void llm4rec_above(const float *scores, const float *bias, int rows, int cols, const float *floors, int32_t *hits,
                   int32_t *ends);
