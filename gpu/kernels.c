//go:build cgo

#include <cblas.h>

#include "kernels.h"
#include "vector.h"

// Conjugate gradients for a batch of rows in lockstep. A step is
//
//	q = G·p + λ·p + Σ α·r·y·(y·p)
//
// and the vector updates. G·p of the batch is one product of matrices. The sum reads every row of Y that the batch
// names: 4·fp bytes for 4·fp operations, so the limit is the bandwidth of whichever cache holds those rows. The caller
// makes that the second-level cache: it gives a batch so few entries that their rows stay there from step to step, or so
// many that a chunk of columns, which does stay there, serves several rows of the batch. (Copying the rows of a batch
// together before its first step was slower: the copy costs what it saves.)

#define PREFETCHED 64 // floats of a row that are asked for ahead; the hardware sees the rest coming

// Adds (b0 + b1·r + a·r·(y·p))·y to q for n entries. Eight at a time share the loads of p and q, and are eight chains of
// dependent additions, which hide each other's latency; four were a third slower.
INLINE void add_entries(float *restrict q, const float *restrict p, const float *y, int fp, const int32_t *indices,
                        const float *values, int64_t n, float a, float b0, float b1) {
	int64_t i = 0;
	for (; i + 8 <= n; i += 8) {
		const float *row[8];
		for (int j = 0; j < 8; j++) row[j] = y + (int64_t)indices[i + j] * fp;
		for (int64_t j = i + 8; j < i + 16 && j < n; j++) {
			const float *next = y + (int64_t)indices[j] * fp;
			for (int k = 0; k < fp && k < PREFETCHED; k += 16) __builtin_prefetch(next + k);
		}
		v16 s[8] = {0};
		for (int k = 0; k < fp; k += 16) {
			v16 pk = LOAD(p + k);
#pragma GCC unroll 8
			for (int j = 0; j < 8; j++) s[j] += pk * LOAD(row[j] + k);
		}
		float w[8];
#pragma GCC unroll 2
		for (int j = 0; j < 8; j += 4) {
			v4 r = {1, 1, 1, 1};
			if (values) memcpy(&r, values + i + j, sizeof r);
			v4 four = b0 + b1 * r + a * r * sum4(&s[j], &s[j + 1], &s[j + 2], &s[j + 3]);
			memcpy(w + j, &four, sizeof four);
		}
		for (int k = 0; k < fp; k += 16) {
			v16 qk = LOAD(q + k);
#pragma GCC unroll 8
			for (int j = 0; j < 8; j++) qk += w[j] * LOAD(row[j] + k);
			STORE(q + k, qk);
		}
	}
	for (; i < n; i++) {
		const float *yi = y + (int64_t)indices[i] * fp;
		float r = values ? values[i] : 1, w = b0 + b1 * r + a * r * dot(yi, p, fp);
		for (int k = 0; k < fp; k += 16) STORE(q + k, LOAD(q + k) + w * LOAD(yi + k));
	}
}

// The first of the entries lo … hi−1 whose column is not below the bound.
INLINE int64_t entries_below(const int32_t *indices, int64_t lo, int64_t hi, int32_t bound) {
	while (lo < hi) {
		int64_t middle = lo + (hi - lo) / 2;
		if (indices[middle] < bound) lo = middle + 1;
		else hi = middle;
	}
	return lo;
}

// Adds the entries of every row of the batch to its row of q, a chunk of columns after the other. next holds where each
// row is.
INLINE void add_sparse(float *q, const float *p, const llm4rec_batch *b, const llm4rec_equations *e, int fp, int chunk,
                       float a, float b0, float b1, int64_t *next) {
	for (int n = 0; n < b->count; n++) next[n] = b->indptr[b->rows[n]];
	for (int64_t bound = chunk;; bound += chunk) {
		for (int n = 0; n < b->count; n++) {
			int64_t lo = next[n], hi = b->indptr[b->rows[n] + 1];
			if (bound < b->columns) hi = entries_below(b->indices, lo, hi, (int32_t)bound);
			add_entries(q + (int64_t)n * fp, p + (int64_t)n * fp, e->y, fp, b->indices + lo, b->values ? b->values + lo : 0,
			            hi - lo, a, b0, b1);
			next[n] = hi;
		}
		if (bound >= b->columns) return;
	}
}

// A width that the compiler knows lets it unroll.
CLONES static void add_sparse_any(float *q, const float *p, const llm4rec_batch *b, const llm4rec_equations *e, int chunk,
                                  float a, float b0, float b1, int64_t *next) {
	switch (e->fp) {
	case 64: add_sparse(q, p, b, e, 64, chunk, a, b0, b1, next); break;
	case 128: add_sparse(q, p, b, e, 128, chunk, a, b0, b1, next); break;
	case 256: add_sparse(q, p, b, e, 256, chunk, a, b0, b1, next); break;
	default: add_sparse(q, p, b, e, e->fp, chunk, a, b0, b1, next);
	}
}

static void times_gram(float *q, const float *p, int count, const llm4rec_equations *e) {
	cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, count, e->fp, e->fp, 1, p, e->fp, e->gram, e->fp, 0, q, e->fp);
}

// r = −(q + λ·x), p = r, of one row.
CLONES static void negate(float *r, const float *q, const float *x, float lambda, int fp) {
	for (int k = 0; k < fp; k += 16) STORE(r + k, -LOAD(q + k) - lambda * LOAD(x + k));
}

// The updates of a step, of one row; q is still without λ·p. Returns the new squared residual.
CLONES static float update(float *x, float *r, float *p, float *q, float lambda, float rr, int fp) {
	for (int k = 0; k < fp; k += 16) STORE(q + k, LOAD(q + k) + lambda * LOAD(p + k));
	float step = rr / dot(p, q, fp);
	v16 s = {0};
	for (int k = 0; k < fp; k += 16) {
		STORE(x + k, LOAD(x + k) + step * LOAD(p + k));
		v16 rk = LOAD(r + k) - step * LOAD(q + k);
		STORE(r + k, rk);
		s += rk * rk;
	}
	float next = sum(&s), turn = next / rr;
	for (int k = 0; k < fp; k += 16) STORE(p + k, LOAD(r + k) + turn * LOAD(p + k));
	return next;
}

CLONES static float squared(const float *a, int fp) { return dot(a, a, fp); }

int64_t llm4rec_cg_workspace(int rows, int fp) { return (int64_t)rows * (4 * (int64_t)fp + 1 + 2); }

// A squared residual below which there is nothing left to do.
#define CONVERGED 1e-20f

void llm4rec_cg(float *out, llm4rec_batch b, llm4rec_equations e, int steps, int chunk, float *workspace) {
	int64_t size = (int64_t)b.count * e.fp, wide = (int64_t)e.fp * sizeof(float);
	int64_t *next = (int64_t *)workspace;
	float *x = workspace + 2 * b.count, *r = x + size, *p = r + size, *q = p + size, *rr = q + size;
	for (int n = 0; n < b.count; n++) {
		memset(x + n * e.fp, 0, wide);
		memcpy(x + n * e.fp, out + (int64_t)b.rows[n] * e.f, e.f * sizeof(float));
	}
	times_gram(q, x, b.count, &e);
	for (int n = 0; n < b.count; n++) negate(r + n * e.fp, q + n * e.fp, x + n * e.fp, e.lambda[b.rows[n]], e.fp);
	add_sparse_any(r, x, &b, &e, chunk, -e.alpha, e.beta, e.alpha, next);
	memcpy(p, r, size * sizeof(float));
	for (int n = 0; n < b.count; n++) rr[n] = squared(r + n * e.fp, e.fp);
	for (int s = 0; s < steps; s++) {
		times_gram(q, p, b.count, &e);
		add_sparse_any(q, p, &b, &e, chunk, e.alpha, 0, 0, next);
		for (int n = 0; n < b.count; n++) {
			int64_t at = (int64_t)n * e.fp;
			if (rr[n] >= CONVERGED) rr[n] = update(x + at, r + at, p + at, q + at, e.lambda[b.rows[n]], rr[n], e.fp);
		}
	}
	for (int n = 0; n < b.count; n++) {
		float *to = out + (int64_t)b.rows[n] * e.f;
		if (b.indptr[b.rows[n]] == b.indptr[b.rows[n] + 1]) memset(to, 0, e.f * sizeof(float));
		else memcpy(to, x + n * e.fp, e.f * sizeof(float));
	}
}

extern void spotrf_(const char *uplo, const int *n, float *a, const int *lda, int *info);
extern void spotrs_(const char *uplo, const int *n, const int *nrhs, const float *a, const int *lda, float *b,
                    const int *ldb, int *info);

int llm4rec_cholesky(float *a, float *b, int f) {
	int info = 0, one = 1;
	// LAPACK counts by columns: its lower triangle is our upper one.
	spotrf_("L", &f, a, &f, &info);
	if (info == 0) spotrs_("L", &f, &one, a, &f, b, &f, &info);
	return info;
}

#define GATHERED 128 // rows of Y that one product takes

int64_t llm4rec_exact_workspace(int fp) { return (int64_t)fp * fp + (GATHERED + 1) * (int64_t)fp; }

// Copies n rows of Y, scaled by √(α·r), to block, and adds (β + α·r)·y to b.
CLONES static void gather_scaled(float *block, float *b, const llm4rec_equations *e, const int32_t *indices,
                                 const float *values, int n) {
	for (int i = 0; i < n; i++) {
		const float *y = e->y + (int64_t)indices[i] * e->fp;
		float r = values ? values[i] : 1, root = __builtin_sqrtf(e->alpha * r), w = e->beta + e->alpha * r;
		for (int k = 0; k < e->fp; k += 16) {
			v16 yk = LOAD(y + k);
			STORE(block + (int64_t)i * e->fp + k, root * yk);
			STORE(b + k, LOAD(b + k) + w * yk);
		}
	}
}

int llm4rec_exact(float *out, llm4rec_batch b, llm4rec_equations e, float *workspace) {
	int fp = e.fp;
	float *a = workspace, *right = a + (int64_t)fp * fp, *block = right + fp;
	for (int n = 0; n < b.count; n++) {
		float *to = out + (int64_t)b.rows[n] * e.f;
		int64_t lo = b.indptr[b.rows[n]], hi = b.indptr[b.rows[n] + 1];
		if (lo == hi) {
			memset(to, 0, e.f * sizeof(float));
			continue;
		}
		memcpy(a, e.gram, (int64_t)fp * fp * sizeof(float));
		memset(right, 0, fp * sizeof(float));
		for (; lo < hi; lo += GATHERED) {
			int part = hi - lo < GATHERED ? (int)(hi - lo) : GATHERED;
			gather_scaled(block, right, &e, b.indices + lo, b.values ? b.values + lo : 0, part);
			cblas_ssyrk(CblasRowMajor, CblasUpper, CblasTrans, e.f, part, 1, block, fp, 1, a, fp);
		}
		for (int l = 0; l < e.f; l++) a[(int64_t)l * fp + l] += e.lambda[b.rows[n]];
		int info = 0, one = 1;
		spotrf_("L", &e.f, a, &fp, &info);
		if (info != 0) return n;
		spotrs_("L", &e.f, &one, a, &fp, right, &fp, &info);
		memcpy(to, right, e.f * sizeof(float));
	}
	return -1;
}

CLONES double llm4rec_observed_loss(const float *x, llm4rec_batch b, llm4rec_equations e) {
	double total = 0;
	for (int n = 0; n < b.count; n++) {
		const float *row = x + (int64_t)b.rows[n] * e.fp;
		for (int64_t i = b.indptr[b.rows[n]]; i < b.indptr[b.rows[n] + 1]; i++) {
			double score = dot(row, e.y + (int64_t)b.indices[i] * e.fp, e.fp), r = b.values ? b.values[i] : 1;
			total += (e.beta + e.alpha * r) * (1 - score) * (1 - score) - e.beta * score * score;
		}
	}
	return total;
}
