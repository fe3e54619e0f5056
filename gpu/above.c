//go:build cgo

#include "above.h"
#include "vector.h"

// Almost no score is a hit: a stretch without one costs a comparison for each vector. Within a stretch that has one, the
// next place is always written, and kept by a hit: there is no branch to guess wrong.
#define STRETCH 64

INLINE int64_t row_above(const float *s, const float *bias, int cols, float floor, int32_t *hits) {
	int64_t n = 0;
	int c = 0;
	for (; c + STRETCH <= cols; c += STRETCH) {
		int any = 0;
		for (int j = c; j < c + STRETCH; j++) any |= (bias ? s[j] + bias[j] : s[j]) >= floor;
		if (!any) continue;
		for (int j = c; j < c + STRETCH; j++) {
			hits[n] = j;
			n += (bias ? s[j] + bias[j] : s[j]) >= floor;
		}
	}
	for (; c < cols; c++)
		if ((bias ? s[c] + bias[c] : s[c]) >= floor) hits[n++] = c;
	return n;
}

CLONES void llm4rec_above(const float *scores, const float *bias, int rows, int cols, const float *floors, int32_t *hits,
                          int32_t *ends) {
	int64_t n = 0;
	for (int r = 0; r < rows; r++) {
		const float *s = scores + (int64_t)r * cols;
		n += bias ? row_above(s, bias, cols, floors[r], hits + n) : row_above(s, 0, cols, floors[r], hits + n);
		ends[r] = (int32_t)n;
	}
}
