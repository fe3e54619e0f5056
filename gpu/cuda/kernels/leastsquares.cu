// The least squares of implicit feedback: see gpu.ImplicitFeedback for the equations, (G + α·Σ r·y·yᵀ + λ·I)·x = Σ (β + α·r)·y.
#include "common.cuh"

// Conjugate gradients for all rows in lockstep. G·p of all rows is one product by cuBLAS; the rest of a step is one
// kernel: a block takes the entries of a row, adds α·r·y·(y·p), and updates x, r and p. It reads every row of Y once a
// step, 4·f bytes for 4·f operations: the limit is the bandwidth of the cache, or memory, that holds Y.
//
// Long rows are cut into segments, a block each, whose sums are kept in parts; a second kernel adds those up and updates.
// Vectors are fp wide, a multiple of 4, and padded with zeros.

#define WARPS 4
#define BLOCK (WARPS * WARP)
#define WIDEST 1024

// A squared residual below which there is nothing left to do.
#define CONVERGED 1e-20f

__device__ inline float dot4(float4 a, float4 b) { return a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w; }

__device__ inline void axpy4(float4 *y, float a, float4 x) {
	y->x += a * x.x, y->y += a * x.y, y->z += a * x.z, y->w += a * x.w;
}

// The sum over the entries lo … hi−1 of (w0 + w1·r + w2·r·(y·p))·y, left in sums, which every thread may read afterwards.
// A warp takes an entry; a lane, VECTORS of its pieces of 4. UNROLL entries are on their way at once.
template <int VECTORS, int UNROLL>
__device__ inline void sum_entries(float *sums, const float *p, const float *y, const int *indices, const float *values,
                                   i64 lo, i64 hi, int fp, float w0, float w1, float w2) {
	__shared__ float4 shared[WARPS][VECTORS * WARP];
	int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP, pieces = fp / 4;
	const float4 zero = {0, 0, 0, 0};
	float4 own[VECTORS], sum[VECTORS];
	for (int v = 0; v < VECTORS; v++) {
		int k = lane + v * WARP;
		own[v] = k < pieces ? ((const float4 *)p)[k] : zero;
		sum[v] = zero;
	}
	for (i64 at = lo + warp * UNROLL; at < hi; at += WARPS * UNROLL) {
		float4 row[UNROLL][VECTORS];
		float w[UNROLL];
		for (int u = 0; u < UNROLL; u++) {
			bool there = at + u < hi;
			const float4 *from = (const float4 *)(y + (there ? (i64)indices[at + u] * fp : 0));
			for (int v = 0; v < VECTORS; v++) {
				int k = lane + v * WARP;
				row[u][v] = there && k < pieces ? from[k] : zero;
			}
		}
		for (int u = 0; u < UNROLL; u++) {
			w[u] = 0;
			for (int v = 0; v < VECTORS; v++) w[u] += dot4(own[v], row[u][v]);
			w[u] = warp_sum(w[u]);
		}
		for (int u = 0; u < UNROLL; u++) {
			float r = values && at + u < hi ? values[at + u] : 1;
			float weight = w0 + w1 * r + w2 * r * w[u]; // of a row of zeros where there is no entry
			for (int v = 0; v < VECTORS; v++) axpy4(&sum[v], weight, row[u][v]);
		}
	}
	for (int v = 0; v < VECTORS; v++) shared[warp][lane + v * WARP] = sum[v];
	__syncthreads();
	for (int k = threadIdx.x; k < fp; k += BLOCK) {
		float total = 0;
		for (int n = 0; n < WARPS; n++) total += ((const float *)shared[n])[k];
		sums[k] = total; // the same thread reads it in the updates below
	}
}

// What belongs to a row during the iteration.
struct vectors {
	float *x, *r, *p;
	const float *q; // G·x or G·p
	float *rr;      // the squared residual
	float lambda;
};

// r = sums − q − λ·x, p = r. Where the row has no entries, x becomes 0.
__device__ inline void start(vectors s, const float *sums, int fp, bool empty) {
	__shared__ float shared[WARPS];
	float rr = 0;
	for (int k = threadIdx.x; k < fp; k += BLOCK) {
		float r = empty ? 0 : sums[k] - s.q[k] - s.lambda * s.x[k];
		if (empty) s.x[k] = 0;
		s.r[k] = s.p[k] = r;
		rr += r * r;
	}
	rr = block_sum<WARPS>(rr, shared);
	if (threadIdx.x == 0) *s.rr = rr;
}

// A step of the method (Hestenes & Stiefel 1952), with A·p = q + sums + λ·p.
__device__ inline void step(vectors s, const float *sums, int fp) {
	__shared__ float shared[WARPS];
	float rr = *s.rr, pq = 0, next = 0;
	if (rr < CONVERGED) return;
	for (int k = threadIdx.x; k < fp; k += BLOCK) pq += s.p[k] * (s.q[k] + sums[k] + s.lambda * s.p[k]);
	float alpha = rr / block_sum<WARPS>(pq, shared);
	for (int k = threadIdx.x; k < fp; k += BLOCK) {
		float p = s.p[k], r = s.r[k] - alpha * (s.q[k] + sums[k] + s.lambda * p);
		s.x[k] += alpha * p;
		s.r[k] = r;
		next += r * r;
	}
	next = block_sum<WARPS>(next, shared);
	for (int k = threadIdx.x; k < fp; k += BLOCK) s.p[k] = s.r[k] + next / rr * s.p[k];
	if (threadIdx.x == 0) *s.rr = next;
}

__device__ inline vectors of_row(i64 row, float *x, float *r, float *p, const float *q, float *rr, const float *lambda,
                                 i64 fp) {
	return {x + row * fp, r + row * fp, p + row * fp, q + row * fp, rr + row, lambda[row]};
}

// Work item n is the entries from[n] … to[n]−1 of row rows[n], all of them where part[n] is −1; otherwise it
// leaves its sum in the row part[n] of parts. An item of a starting step multiplies by x, others by p.
template <int VECTORS, int UNROLL>
__device__ inline void iterate(bool starting, float *x, float *r, float *p, const float *q, float *rr, const float *lambda,
                               const float *y, const int *rows, const i64 *from, const i64 *to, const int *part,
                               float *parts, const int *indices, const float *values, i64 fp, double alpha, double beta) {
	__shared__ float sums[WIDEST];
	i64 item = blockIdx.x, row = rows[item], lo = from[item], hi = to[item];
	float a = (float)alpha;
	vectors s = of_row(row, x, r, p, q, rr, lambda, fp);
	sum_entries<VECTORS, UNROLL>(sums, starting ? s.x : s.p, y, indices, values, lo, hi, (int)fp, starting ? (float)beta : 0,
	                             starting ? a : 0, starting ? -a : a);
	if (part[item] >= 0)
		for (i64 k = threadIdx.x; k < fp; k += BLOCK) parts[part[item] * fp + k] = sums[k];
	else if (starting) start(s, sums, (int)fp, lo == hi);
	else step(s, sums, (int)fp);
}

// One kernel for each width that a lane can hold: fp up to 128·VECTORS.
#define ITERATE(name, VECTORS, UNROLL)                                                                                   \
	KERNEL(BLOCK) name(i64 starting, float *x, float *r, float *p, const float *q, float *rr, const float *lambda,       \
	                   const float *y, const int *rows, const i64 *from, const i64 *to, const int *part, float *parts,   \
	                   const int *indices, const float *values, i64 fp, double alpha, double beta) {                     \
		iterate<VECTORS, UNROLL>(starting, x, r, p, q, rr, lambda, y, rows, from, to, part, parts, indices, values, fp,  \
		                         alpha, beta);                                                                           \
	}
ITERATE(cg_128, 1, 8)
ITERATE(cg_256, 2, 4)
ITERATE(cg_512, 4, 2)
ITERATE(cg_1024, 8, 1)

// The rest of a step for rows that were cut: number n is row rows[n], with the parts first[n] … first[n + 1]−1.
KERNEL(BLOCK) cg_joined(i64 starting, float *x, float *r, float *p, const float *q, float *rr, const float *lambda,
                        const int *rows, const i64 *first, const float *parts, i64 fp) {
	__shared__ float sums[WIDEST];
	i64 number = blockIdx.x;
	for (i64 k = threadIdx.x; k < fp; k += BLOCK) {
		float sum = 0;
		for (i64 n = first[number]; n < first[number + 1]; n++) sum += parts[n * fp + k];
		sums[k] = sum;
	}
	vectors s = of_row(rows[number], x, r, p, q, rr, lambda, fp);
	if (starting) start(s, sums, (int)fp, false);
	else step(s, sums, (int)fp);
}

#define TILE 64
#define STAGED 16

// The normal matrices of rows first, first + 1, …: block (t, n) makes tile t of the lower triangle, in tiles, of row
// first + n, and both triangles of a are written.
KERNEL(256) normal_matrix(float *a, const float *gram, const float *lambda, const i64 *indptr, const int *indices,
                          const float *values, const float *y, i64 first, i64 f, double alpha) {
	__shared__ float down[STAGED][TILE], across[STAGED][TILE];
	int tile = blockIdx.x, above = 0;
	while ((above + 1) * (above + 2) / 2 <= tile) above++;
	i64 row = first + blockIdx.y, top = (i64)above * TILE, left = (i64)(tile - above * (above + 1) / 2) * TILE;
	int i0 = threadIdx.x / 16 * 4, j0 = threadIdx.x % 16 * 4;
	float sum[4][4] = {};
	for (i64 lo = indptr[row]; lo < indptr[row + 1]; lo += STAGED) {
		__syncthreads();
		for (int t = threadIdx.x; t < STAGED * TILE; t += blockDim.x) {
			i64 entry = lo + t / TILE, i = top + t % TILE, j = left + t % TILE;
			bool there = entry < indptr[row + 1];
			const float *from = y + (there ? indices[entry] * f : 0);
			float weight = (float)alpha * (there && values ? values[entry] : 1);
			down[t / TILE][t % TILE] = there && i < f ? weight * from[i] : 0;
			across[t / TILE][t % TILE] = there && j < f ? from[j] : 0;
		}
		__syncthreads();
		for (int e = 0; e < STAGED; e++)
			for (int i = 0; i < 4; i++)
				for (int j = 0; j < 4; j++) sum[i][j] += down[e][i0 + i] * across[e][j0 + j];
	}
	a += blockIdx.y * f * f;
	for (int di = 0; di < 4; di++) {
		for (int dj = 0; dj < 4; dj++) {
			i64 i = top + i0 + di, j = left + j0 + dj;
			if (i >= f || j > i) continue;
			float x = sum[di][dj] + gram[i * f + j] + (i == j ? lambda[row] : 0);
			a[i * f + j] = x;
			a[j * f + i] = x;
		}
	}
}

// The right-hand sides Σ (β + α·r)·y of rows first, first + 1, …, a block each.
KERNEL(256) right_side(float *b, const i64 *indptr, const int *indices, const float *values, const float *y, i64 first,
                       i64 f, double alpha, double beta) {
	i64 row = first + blockIdx.x;
	for (i64 k = threadIdx.x; k < f; k += blockDim.x) {
		float sum = 0;
		for (i64 e = indptr[row]; e < indptr[row + 1]; e++)
			sum += ((float)beta + (float)alpha * (values ? values[e] : 1)) * y[indices[e] * f + k];
		b[blockIdx.x * f + k] = sum;
	}
}

// partial[n] is block n's part of Σ (β + α·r)·(1 − ŷ)² − β·ŷ², ŷ = x·y. A warp takes an entry, a block every so many
// rows.
KERNEL(256) observed_loss(double *partial, const float *x, const i64 *indptr, const int *indices, const float *values,
                          const float *y, i64 rows, i64 f, double alpha, double beta) {
	__shared__ double sums[8];
	int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
	double sum = 0;
	for (i64 row = blockIdx.x; row < rows; row += gridDim.x) {
		for (i64 e = indptr[row] + warp; e < indptr[row + 1]; e += 8) {
			float part = 0;
			for (i64 k = lane; k < f; k += WARP) part += x[row * f + k] * y[indices[e] * f + k];
			double score = warp_sum(part), weight = beta + alpha * (values ? values[e] : 1);
			if (lane == 0) sum += weight * (1 - score) * (1 - score) - beta * score * score;
		}
	}
	sum = block_sum<8>(sum, sums);
	if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}
