//go:build cgo

#include "ranking.h"
#include "vector.h"

// Few scores are hits: a stretch without one costs a comparison for each vector. Within a short one that has one, the next
// place is always written, and kept by a hit: there is no branch to guess wrong.
#define STRETCH 64
#define SHORT 16

INLINE float biased(const float *s, const float *bias, int c) { return bias ? s[c] + bias[c] : s[c]; }

INLINE int any_above(const float *s, const float *bias, int lo, int n, float floor) {
	int any = 0;
	for (int c = lo; c < lo + n; c++) any |= biased(s, bias, c) >= floor;
	return any;
}

INLINE int64_t row_above(const float *s, const float *bias, int cols, float floor, int32_t *hits, float *values) {
	int64_t n = 0;
	int c = 0;
	for (; c + STRETCH <= cols; c += STRETCH) {
		if (!any_above(s, bias, c, STRETCH, floor)) continue;
		for (int i = c; i < c + STRETCH; i += SHORT) {
			if (!any_above(s, bias, i, SHORT, floor)) continue;
			for (int j = i; j < i + SHORT; j++) {
				float v = biased(s, bias, j);
				hits[n] = j;
				values[n] = v;
				n += v >= floor;
			}
		}
	}
	for (; c < cols; c++) {
		float v = biased(s, bias, c);
		if (v < floor) continue;
		hits[n] = c;
		values[n++] = v;
	}
	return n;
}

CLONES void llm4rec_above(const float *scores, const float *bias, int rows, int cols, const float *floors, int32_t *hits,
                          float *values, int32_t *ends) {
	int64_t n = 0;
	for (int r = 0; r < rows; r++) {
		const float *s = scores + (int64_t)r * cols;
		n += bias ? row_above(s, bias, cols, floors[r], hits + n, values + n) : row_above(s, 0, cols, floors[r], hits + n, values + n);
		ends[r] = (int32_t)n;
	}
}

// Floats order as their bits do, those of negative ones reversed.
INLINE int32_t ordered(float x) {
	int32_t i;
	memcpy(&i, &x, sizeof i);
	return i ^ ((i >> 31) & 0x7fffffff);
}

// Bisection of the bits: 32 times, how many there are above is counted. Quickselect took ten times as long, since half
// of its branches are guessed wrong.
CLONES float llm4rec_kth(const float *x, int n, int k) {
	int64_t lo = INT32_MIN, hi = INT32_MAX; // k are at least lo; fewer are above hi
	while (lo < hi) {
		int32_t middle = (int32_t)((lo + hi + 1) >> 1);
		int above = 0;
		for (int i = 0; i < n; i++) above += ordered(x[i]) >= middle;
		if (above >= k) lo = middle;
		else hi = (int64_t)middle - 1;
	}
	int32_t bits = (int32_t)lo, i = bits ^ ((bits >> 31) & 0x7fffffff);
	float out;
	memcpy(&out, &i, sizeof out);
	return out;
}

typedef double d4 __attribute__((vector_size(32)));

INLINE d4 load4(const float *p) {
	v4 x;
	memcpy(&x, p, sizeof x);
	return __builtin_convertvector(x, d4);
}

// The inner products of q with four rows: each has one chain of additions, whose order is part of its definition, and four
// of them hide each other's latency. A product of two floats is exact, so it is all the same whether it is fused.
INLINE void dots4(double *out, const float *q, const float *const row[4], int f) {
	d4 s[4] = {0};
	int l = 0;
	for (; l + 4 <= f; l += 4) {
		d4 x = load4(q + l);
#pragma GCC unroll 4
		for (int j = 0; j < 4; j++) s[j] += x * load4(row[j] + l);
	}
	for (; l < f; l++)
		for (int j = 0; j < 4; j++) s[j][0] += (double)q[l] * row[j][l];
	for (int j = 0; j < 4; j++) out[j] = (s[j][0] + s[j][1]) + (s[j][2] + s[j][3]);
}

#define LINE 16 // floats of a cache line

CLONES void llm4rec_dots(double *out, const float *q, const float *x, int f, const int32_t *rows, int n) {
	for (int i = 0; i < n; i += 4) {
		const float *row[4];
		double last[4];
		for (int j = 0; j < 4; j++) row[j] = x + (int64_t)rows[i + j < n ? i + j : n - 1] * f;
		// The rows lie anywhere in memory: those that come next are on their way meanwhile.
		for (int j = i + 4; j < i + 8 && j < n; j++)
			for (int l = 0; l < f; l += LINE) __builtin_prefetch(x + (int64_t)rows[j] * f + l);
		dots4(i + 4 <= n ? out + i : last, q, row, f);
		for (int j = 0; i + 4 > n && i + j < n; j++) out[i + j] = last[j];
	}
}
