//go:build cgo

#include <cblas.h>

#include "neural.h"
#include "vectormath.h"

// The sequences go along in step, so that the state of all of them meets U in one product.

int64_t llm4rec_recur_workspace(int count, int d) { return 4 * (int64_t)count * d; }

INLINE int length(const llm4rec_sequences *s, int n) { return s->starts[s->order[n] + 1] - s->starts[s->order[n]]; }

// How many sequences are longer than t.
INLINE int longer(const llm4rec_sequences *s, int t) {
	int n = s->count;
	while (n > 0 && length(s, n - 1) <= t) n--;
	return n;
}

// Up to 16 elements of the gates; inner is what the reset multiplies.
typedef struct {
	v16 reset, update, candidate, inner;
} gates;

// The gates of elements c … of a row, of which n are left; a is h·U.
INLINE gates gates_of(const float *x, const float *a, const llm4rec_sequences *s, int c, int n) {
	int reset = c, update = s->d + c, candidate = 2 * s->d + c;
	const float *b = s->bias;
	gates g;
	g.reset = vsigmoid(load(x + reset, n) + (load(a + reset, n) + load(b + reset, n)));
	g.update = vsigmoid(load(x + update, n) + (load(a + update, n) + load(b + update, n)));
	g.inner = load(a + candidate, n) + load(b + candidate, n);
	g.candidate = vtanh(load(x + candidate, n) + g.reset * g.inner);
	return g;
}

CLONES void llm4rec_recur(float *y, const float *x, llm4rec_sequences s, float *workspace) {
	int d = s.d, wide = 3 * d, live;
	float *h = workspace, *a = h + (int64_t)s.count * d;
	memset(h, 0, (int64_t)s.count * d * sizeof(float));
	for (int t = 0; (live = longer(&s, t)) > 0; t++) {
		cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, live, wide, d, 1, h, d, s.u, wide, 0, a, wide);
		for (int n = 0; n < live; n++) {
			int64_t row = s.starts[s.order[n]] + t;
			for (int c = 0; c < d; c += 16) {
				gates g = gates_of(x + row * wide, a + (int64_t)n * wide, &s, c, d - c);
				float *state = h + (int64_t)n * d + c;
				v16 next = (1 - g.update) * g.candidate + g.update * load(state, d - c);
				store(state, next, d - c);
				store(y + row * d + c, next, d - c);
			}
		}
	}
}

// The equations are those of the reference.
CLONES void llm4rec_recur_grad(float *dx, float *da, const float *x, const float *h, const float *dy, llm4rec_sequences s,
                               float *workspace) {
	int d = s.d, wide = 3 * d;
	float *carried = workspace, *step = carried + (int64_t)s.count * d; // the gradients by states, and da of a step
	memset(carried, 0, (int64_t)s.count * d * sizeof(float));
	for (int t = length(&s, 0) - 1; t >= 0; t--) {
		int live = longer(&s, t);
		for (int n = 0; n < live; n++) {
			int64_t row = s.starts[s.order[n]] + t;
			float *to = dx + row * wide, *a = da + row * wide, *carry = carried + (int64_t)n * d;
			for (int c = 0; c < d; c += 16) {
				int left = d - c;
				gates g = gates_of(x + row * wide, a, &s, c, left);
				v16 slope = load(carry + c, left) + load(dy + row * d + c, left);
				v16 dn = slope * (1 - g.update) * (1 - g.candidate * g.candidate);
				v16 dr = dn * g.inner * g.reset * (1 - g.reset);
				v16 dz = slope * (load(h + row * d + c, left) - g.candidate) * g.update * (1 - g.update);
				store(to + c, dr, left), store(to + d + c, dz, left), store(to + 2 * d + c, dn, left);
				store(a + c, dr, left), store(a + d + c, dz, left), store(a + 2 * d + c, dn * g.reset, left);
				store(carry + c, slope * g.update, left);
			}
			memcpy(step + (int64_t)n * wide, a, wide * sizeof(float));
		}
		cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, live, d, wide, 1, step, wide, s.u, wide, 1, carried, d);
	}
}
