//go:build cgo

#include "neural.h"

#include <math.h>

#include "philox.h"
#include "vectormath.h"

CLONES void llm4rec_sum(float *y, const float *a, const float *b, float alpha, float beta, int64_t n) {
	if (beta == 0) {
		for (int64_t i = 0; i < n; i++) y[i] = alpha * a[i];
		return;
	}
	for (int64_t i = 0; i < n; i++) y[i] = alpha * a[i] + beta * b[i];
}

CLONES void llm4rec_add_row(float *y, const float *row, int64_t rows, int cols) {
	for (int64_t r = 0; r < rows; r++, y += cols)
		for (int c = 0; c < cols; c++) y[c] += row[c];
}

#define SUMMED 64 // rows that are summed in float

CLONES void llm4rec_column_sums(double *sums, const float *x, int64_t rows, int cols, float *workspace) {
	for (int64_t lo = 0; lo < rows; lo += SUMMED) {
		int64_t hi = lo + SUMMED < rows ? lo + SUMMED : rows;
		memcpy(workspace, x + lo * cols, cols * sizeof(float));
		for (int64_t r = lo + 1; r < hi; r++)
			for (int c = 0; c < cols; c++) workspace[c] += x[r * cols + c];
		for (int c = 0; c < cols; c++) sums[c] += workspace[c];
	}
}

CLONES void llm4rec_activate(float *y, const float *x, int f, int64_t n) {
	if (f == LLM4REC_RELU) {
		for (int64_t i = 0; i < n; i++) y[i] = x[i] > 0 ? x[i] : 0;
		return;
	}
	for (int64_t i = 0; i < n; i += 16) {
		v16 v = load(x + i, n - i);
		store(y + i, v * vcdf(v), n - i);
	}
}

CLONES void llm4rec_activate_grad(float *dx, const float *x, const float *dy, int f, int64_t n) {
	if (f == LLM4REC_RELU) {
		for (int64_t i = 0; i < n; i++) dx[i] = x[i] > 0 ? dy[i] : 0;
		return;
	}
	for (int64_t i = 0; i < n; i += 16) {
		v16 v = load(x + i, n - i);
		store(dx + i, load(dy + i, n - i) * (vcdf(v) + v * vdensity(v)), n - i);
	}
}

CLONES void llm4rec_drop(float *y, const float *x, const float *r, llm4rec_dropout p, int64_t first, int64_t n) {
	float factors[DRAWN];
	for (int64_t lo = 0; lo < n; lo += DRAWN) {
		int64_t m = n - lo < DRAWN ? n - lo : DRAWN;
		draw_factors(factors, &p, first + lo);
		if (r)
			for (int64_t i = 0; i < m; i++) y[lo + i] = r[lo + i] + factors[i] * x[lo + i];
		else
			for (int64_t i = 0; i < m; i++) y[lo + i] = factors[i] * x[lo + i];
	}
}

// The mean of a row, and 1/√(variance + ε), from the differences to the mean.
INLINE float moments(const float *x, int cols, float epsilon, float *mean) {
	v16 s = {0}, q = {0};
	for (int c = 0; c < cols; c += 16) s += load(x + c, cols - c);
	*mean = sum(&s) / cols;
	for (int c = 0; c + 16 <= cols; c += 16) {
		v16 d = LOAD(x + c) - *mean;
		q += d * d;
	}
	float square = sum(&q);
	for (int c = cols & ~15; c < cols; c++) square += (x[c] - *mean) * (x[c] - *mean);
	return 1 / sqrtf(square / cols + epsilon);
}

CLONES void llm4rec_layer_norm(float *y, const float *x, const float *gain, const float *bias, float epsilon, int64_t rows,
                               int cols) {
	for (int64_t r = 0; r < rows; r++, x += cols, y += cols) {
		float mean, scale = moments(x, cols, epsilon, &mean);
		for (int c = 0; c < cols; c++) y[c] = (x[c] - mean) * scale * gain[c] + bias[c];
	}
}

// With x̂ the normalised row and g = gain·dy, dx = scale·(g − mean(g) − x̂·mean(g·x̂)).
CLONES void llm4rec_layer_norm_grad(float *dx, double *dgain, double *dbias, const float *x, const float *gain,
                                    const float *dy, float epsilon, int64_t rows, int cols, float *workspace) {
	float *of_gain = workspace, *of_bias = workspace + cols;
	for (int64_t lo = 0; lo < rows; lo += SUMMED) {
		int64_t hi = lo + SUMMED < rows ? lo + SUMMED : rows;
		memset(workspace, 0, 2 * cols * sizeof(float));
		for (int64_t r = lo; r < hi; r++, x += cols, dx += cols, dy += cols) {
			float mean, scale = moments(x, cols, epsilon, &mean);
			v16 s = {0}, q = {0};
			for (int c = 0; c < cols; c += 16) {
				int n = cols - c;
				v16 d = load(dy + c, n), hat = (load(x + c, n) - mean) * scale, g = d * load(gain + c, n);
				store(of_gain + c, load(of_gain + c, n) + d * hat, n);
				store(of_bias + c, load(of_bias + c, n) + d, n);
				s += g; // 0 beyond the end, as gain is
				q += g * hat;
			}
			float g = sum(&s) / cols, gx = sum(&q) / cols;
			for (int c = 0; c < cols; c++) dx[c] = scale * (dy[c] * gain[c] - g - (x[c] - mean) * scale * gx);
		}
		for (int c = 0; c < cols; c++) dgain[c] += of_gain[c], dbias[c] += of_bias[c];
	}
}

void llm4rec_gather(float *dst, const float *src, const int32_t *rows, int64_t n, int cols) {
	for (int64_t i = 0; i < n; i++, dst += cols) {
		if (rows[i] < 0) memset(dst, 0, cols * sizeof(float));
		else memcpy(dst, src + (int64_t)rows[i] * cols, cols * sizeof(float));
	}
}

CLONES void llm4rec_scatter_add(float *dst, const float *src, const int32_t *rows, int64_t n, int cols, int from, int to) {
	for (int64_t i = 0; i < n; i++) {
		if (rows[i] < 0) continue;
		float *y = dst + (int64_t)rows[i] * cols;
		const float *x = src + i * cols;
		for (int c = from; c < to; c++) y[c] += x[c];
	}
}

CLONES void llm4rec_adam(float *w, const float *g, float *m, float *v, llm4rec_adam_step p, int64_t n) {
	float rate = p.rate / p.unbias1, shrink = 1 - p.rate * p.decay;
	float one = 1 - p.beta1, two = 1 - p.beta2;
	for (int64_t i = 0; i < n; i++) {
		float d = g[i] * p.clip;
		m[i] = p.beta1 * m[i] + one * d;
		v[i] = p.beta2 * v[i] + two * d * d;
		w[i] = shrink * w[i] - rate * m[i] / (sqrtf(v[i] / p.unbias2) + p.epsilon);
	}
}
