//go:build cgo

#include <cblas.h>
#include <math.h>

#include "neural.h"
#include "vectormath.h"

int64_t llm4rec_softmax_workspace(int rows, int classes, int d) { return (int64_t)rows * (((classes + 15) & ~15) + d + 1); }

// The softmax stays without its denominator: a row of p is e^(s − max), its denominator multiplies the row of h, or of dh,
// which is shorter.
//
//	dh = scale/total·(p·E − total·e_target),  dE += pᵀ·(h·scale/total), where p of the target is lowered by the total
CLONES double llm4rec_softmax(float *dh, float *de, const float *h, const float *e, const int32_t *targets, int rows, int classes,
                              int d, float scale, float *workspace) {
	int64_t stride = (classes + 15) & ~15;
	float *p = workspace, *scaled = p + rows * stride, *by = scaled + (int64_t)rows * d;
	double loss = 0;
	cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, classes, d, 1, h, d, e, d, 0, p, stride);
	for (int r = 0; r < rows; r++) {
		float *row = p + r * stride;
		by[r] = 0;
		if (targets[r] >= 0) {
			for (int c = classes; c < stride; c++) row[c] = -INFINITY;
			v16 a = (v16){} - INFINITY, b = a, total = {0};
			int c = 0;
			for (; c + 32 <= stride; c += 32) a = vmax(a, LOAD(row + c)), b = vmax(b, LOAD(row + c + 16));
			if (c < stride) a = vmax(a, LOAD(row + c));
			a = vmax(a, b);
			float top = largest(&a), target = row[targets[r]];
			for (c = 0; c < stride; c += 16) {
				v16 x = vexp(LOAD(row + c) - top);
				STORE(row + c, x);
				total += x;
			}
			float sums = sum(&total); // what stands beyond the classes is 0
			loss += log(sums) + top - target;
			row[targets[r]] -= sums;
			by[r] = scale / sums;
		} else {
			memset(row, 0, classes * sizeof(float));
		}
		for (int k = 0; k < d; k++) scaled[(int64_t)r * d + k] = by[r] * h[(int64_t)r * d + k];
	}
	if (!dh) return loss;
	cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, classes, d, rows, 1, p, stride, scaled, d, 1, de, d);
	cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, d, classes, 1, p, stride, e, d, 0, dh, d);
	for (int r = 0; r < rows; r++)
		for (int k = 0; k < d; k++) dh[(int64_t)r * d + k] *= by[r];
	return loss;
}

INLINE float dot_any(const float *a, const float *b, int n) {
	v16 s = {0};
	int k = 0;
	for (; k + 16 <= n; k += 16) s += LOAD(a + k) * LOAD(b + k);
	float x = sum(&s);
	for (; k < n; k++) x += a[k] * b[k];
	return x;
}

INLINE double softplus(double x) { return (x > 0 ? x : 0) + log1p(exp(-fabs(x))); }

// The loss of one position; its scores, of which unseen ones are −∞, become slopes.
INLINE double position(float *s, int n, const llm4rec_sampling *p) {
	if (p->logistic) {
		double loss = 0;
		for (int j = 0; j < n; j++) {
			if (s[j] == -INFINITY) {
				s[j] = 0;
				continue;
			}
			double sigma = 1 / (1 + exp(-(double)s[j]));
			loss += j == 0 ? p->beta * softplus(-s[j]) : softplus(s[j]);
			s[j] = (float)((j == 0 ? p->beta * (sigma - 1) : sigma) / n);
		}
		return loss / n;
	}
	float top = s[0];
	for (int j = 1; j < n; j++) top = s[j] > top ? s[j] : top;
	double target = s[0], others = 0;
	for (int j = 0; j < n; j += 16) {
		v16 e = vexp(load(s + j, n - j) - top);
		store(s + j, e, n - j);
	}
	for (int j = 1; j < n; j++) others += s[j];
	double total = others + s[0];
	s[0] = (float)(-others / total); // where the target has almost all, 1 − p loses its digits
	for (int j = 1; j < n; j++) s[j] = (float)(s[j] / total);
	return log(total) + top - target;
}

CLONES double llm4rec_sampled(float *dh, float *slopes, const int32_t *ids, int64_t first, int64_t rows, llm4rec_sampling p) {
	double loss = 0;
	for (int64_t r = first; r < first + rows; r++) {
		const int32_t *mine = ids + r * p.classes;
		float *s = slopes + r * p.classes;
		const float *h = p.h + r * p.d;
		float *d = dh ? dh + r * p.d : 0;
		if (d) memset(d, 0, p.d * sizeof(float));
		if (mine[0] < 0) {
			memset(s, 0, p.classes * sizeof(float));
			continue;
		}
		for (int j = 0; j < p.classes; j++) {
			if (mine[j] < 0) s[j] = -INFINITY;
			else s[j] = dot_any(h, p.e + (int64_t)mine[j] * p.d, p.d) - (p.bias ? p.bias[mine[j]] : 0);
		}
		loss += position(s, p.classes, &p);
		for (int j = 0; j < p.classes; j++) {
			s[j] *= p.scale;
			if (!d || mine[j] < 0) continue;
			const float *e = p.e + (int64_t)mine[j] * p.d;
			for (int k = 0; k < p.d; k++) d[k] += s[j] * e[k];
		}
	}
	return loss;
}

CLONES void llm4rec_sampled_rows(float *de, const float *slopes, const int32_t *ids, int64_t rows, int32_t from, int32_t to,
                                 llm4rec_sampling p) {
	memset(de + (int64_t)from * p.d, 0, (int64_t)(to - from) * p.d * sizeof(float));
	for (int64_t r = 0; r < rows; r++) {
		const int32_t *mine = ids + r * p.classes;
		if (mine[0] < 0) continue;
		const float *h = p.h + r * p.d, *s = slopes + r * p.classes;
		for (int j = 0; j < p.classes; j++) {
			if (mine[j] < from || mine[j] >= to) continue;
			float *d = de + (int64_t)mine[j] * p.d;
			for (int k = 0; k < p.d; k++) d[k] += s[j] * h[k];
		}
	}
}
