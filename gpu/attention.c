//go:build cgo

#include <cblas.h>
#include <math.h>

#include "neural.h"
#include "philox.h"
#include "vectormath.h"

// Rows of the matrix of weights that are in memory at a time: what precedes the diagonal is then little more than what a
// causal attention needs, and a row's weights stay in the first-level cache.
#define QUERIES 32

int64_t llm4rec_attend_workspace(int rows) { return 3 * QUERIES * ((int64_t)rows + 128); }

// How many keys a block of queries that ends before row hi multiplies with.
INLINE int keys(const llm4rec_head *h, int hi) { return h->causal ? hi : h->rows; }

// Draws the factors of a row of weights.
INLINE void row_factors(float *f, const llm4rec_head *h, int row, int seen) {
	for (int j = 0; j < seen; j += DRAWN) draw_factors(f + j, &h->dropout, h->place + row * h->step + j);
}

// s = softmax of the scores of queries lo … hi−1, a row every stride floats; 0 where a query does not see.
INLINE void weights(float *s, int64_t stride, const llm4rec_head *h, int lo, int hi) {
	int n = keys(h, hi), wide = 3 * h->d;
	const float *q = h->qkv + (int64_t)lo * wide, *k = h->qkv + h->d;
	cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, hi - lo, n, h->width, 1 / sqrtf(h->width), q, wide, k, wide, 0, s, stride);
	for (int i = lo; i < hi; i++, s += stride) {
		int seen = h->causal ? i + 1 : n;
		for (int j = seen; j & 15; j++) s[j] = -INFINITY; // what fills the last vector
		v16 top = (v16){} - INFINITY, total = {0};
		for (int j = 0; j < seen; j += 16) top = vmax(top, LOAD(s + j));
		float most = largest(&top);
		for (int j = 0; j < seen; j += 16) {
			v16 e = vexp(LOAD(s + j) - most);
			if (j + 16 > seen)
				for (int l = seen - j; l < 16; l++) ((float *)&e)[l] = 0;
			STORE(s + j, e);
			total += e;
		}
		float scale = 1 / sum(&total);
		for (int j = 0; j < seen; j += 16) STORE(s + j, LOAD(s + j) * scale);
		for (int j = (seen + 15) & ~15; j < n; j++) s[j] = 0;
	}
}

CLONES void llm4rec_attend(float *y, llm4rec_head h, float *workspace) {
	int64_t stride = h.rows + 128;
	int wide = 3 * h.d;
	float *s = workspace, *f = workspace + QUERIES * stride;
	for (int lo = 0; lo < h.rows; lo += QUERIES) {
		int hi = lo + QUERIES < h.rows ? lo + QUERIES : h.rows, n = keys(&h, hi);
		weights(s, stride, &h, lo, hi);
		if (h.dropout.threshold)
			for (int i = lo; i < hi; i++) {
				row_factors(f, &h, i, h.causal ? i + 1 : n);
				float *row = s + (i - lo) * stride;
				for (int j = 0; j < (h.causal ? i + 1 : n); j++) row[j] *= f[j];
			}
		cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, hi - lo, h.width, n, 1, s, stride, h.qkv + 2 * h.d, wide, 0,
		            y + (int64_t)lo * h.d, h.d);
	}
}

// With w the weights, f the factors and s the scores before the softmax: dv = (w·f)ᵀ·dy; dw = f·(dy·vᵀ);
// ds = w·(dw − Σ w·dw)/√width; dq = ds·k; dk = dsᵀ·q.
CLONES void llm4rec_attend_grad(float *dqkv, const float *dy, llm4rec_head h, float *workspace) {
	int64_t stride = h.rows + 128;
	int wide = 3 * h.d;
	float *w = workspace, *f = w + QUERIES * stride, *t = f + QUERIES * stride;
	const float *q = h.qkv, *k = q + h.d, *v = k + h.d;
	float *dq = dqkv, *dk = dq + h.d, *dv = dk + h.d;
	for (int i = 0; i < h.rows; i++) {
		memset(dk + (int64_t)i * wide, 0, h.width * sizeof(float));
		memset(dv + (int64_t)i * wide, 0, h.width * sizeof(float));
	}
	for (int lo = 0; lo < h.rows; lo += QUERIES) {
		int hi = lo + QUERIES < h.rows ? lo + QUERIES : h.rows, n = keys(&h, hi), m = hi - lo;
		const float *d = dy + (int64_t)lo * h.d;
		weights(w, stride, &h, lo, hi);
		for (int i = lo; i < hi; i++) {
			int seen = h.causal ? i + 1 : n;
			float *fr = f + (i - lo) * stride, *wr = w + (i - lo) * stride, *tr = t + (i - lo) * stride;
			row_factors(fr, &h, i, seen);
			for (int j = 0; j < seen; j++) tr[j] = wr[j] * fr[j];
			for (int j = seen; j < n; j++) tr[j] = 0;
		}
		cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, n, h.width, m, 1, t, stride, d, h.d, 1, dv, wide);
		cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, h.width, 1, d, h.d, v, wide, 0, t, stride);
		for (int i = lo; i < hi; i++) {
			int seen = h.causal ? i + 1 : n;
			float *fr = f + (i - lo) * stride, *wr = w + (i - lo) * stride, *tr = t + (i - lo) * stride;
			v16 s = {0};
			for (int j = 0; j < seen; j += 16) {
				v16 dw = load(fr + j, seen - j) * load(tr + j, seen - j);
				store(tr + j, dw, seen - j);
				s += dw * load(wr + j, seen - j);
			}
			float mean = sum(&s), scale = 1 / sqrtf(h.width);
			for (int j = 0; j < seen; j++) tr[j] = wr[j] * (tr[j] - mean) * scale;
			for (int j = seen; j < n; j++) tr[j] = 0;
		}
		cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, h.width, n, 1, t, stride, k, wide, 0, dq + (int64_t)lo * wide, wide);
		cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, n, h.width, m, 1, t, stride, q + (int64_t)lo * wide, wide, 1, dk, wide);
	}
}
