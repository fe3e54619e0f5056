// Dense algebra beside cuBLAS.
#include "common.cuh"

// total += the sum of n f×f matrices, of which the upper triangle counts.
KERNEL(256) gram_add(double *total, const float *parts, i64 n, i64 f) {
	for (i64 i = thread_of_grid(); i < f * f; i += threads_of_grid()) {
		if (i / f > i % f) continue;
		double sum = total[i];
		for (i64 part = 0; part < n; part++) sum += parts[part * f * f + i];
		total[i] = sum;
	}
}

// C = α·total + β·C, both triangles.
KERNEL(256) gram_finish(float *c, const double *total, i64 f, double alpha, double beta) {
	for (i64 i = thread_of_grid(); i < f * f; i += threads_of_grid()) {
		i64 row = i / f, col = i % f;
		if (row > col) continue;
		float x = (float)(alpha * total[i] + (beta != 0 ? beta * c[i] : 0));
		c[i] = x;
		c[col * f + row] = x;
	}
}

// C = β·C for a batch of tiles: a product of inner size 0.
KERNEL(256) scale(float *c, i64 rows, i64 cols, i64 stride, i64 step, i64 batch, double beta) {
	for (i64 i = thread_of_grid(); i < batch * rows * cols; i += threads_of_grid()) {
		float *x = c + i / (rows * cols) * step + i / cols % rows * stride + i % cols;
		*x = beta != 0 ? (float)beta * *x : 0;
	}
}

#define WIDEST 1024 // unknowns
#define PANEL 8     // rows of U that one update takes

// A block a system: A = Uᵀ·U in the upper triangle of A, row by row, then Uᵀ·z = b and U·x = z. flag becomes the lowest
// first + number of a matrix that is not positive definite. Where indptr is not null, a row of no entries is zero instead.
KERNEL(256) cholesky(float *as, float *bs, i64 f, i64 first, const i64 *indptr, int *flag) {
	__shared__ float panel[PANEL][WIDEST];
	__shared__ float b[WIDEST];
	i64 number = first + blockIdx.x;
	float *a = as + blockIdx.x * f * f;
	bs += blockIdx.x * f;
	if (indptr && indptr[number] == indptr[number + 1]) {
		for (i64 k = threadIdx.x; k < f; k += blockDim.x) bs[k] = 0;
		return;
	}
	int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP, warps = blockDim.x / WARP;
	for (i64 top = 0; top < f; top += PANEL) {
		i64 bottom = top + PANEL < f ? top + PANEL : f;
		for (i64 j = top; j < bottom; j++) {
			__syncthreads();
			float d = a[j * f + j];
			if (!(d > 0) || isinf(d)) {
				if (threadIdx.x == 0) atomicMin(flag, (int)number);
				return;
			}
			float *row = panel[j - top];
			for (i64 k = j + threadIdx.x; k < f; k += blockDim.x) row[k] = a[j * f + k] / sqrtf(d);
			__syncthreads();
			for (i64 k = j + threadIdx.x; k < f; k += blockDim.x) a[j * f + k] = row[k];
			for (i64 i = j + 1 + warp; i < bottom; i += warps)
				for (i64 k = i + lane; k < f; k += WARP) a[i * f + k] -= row[i] * row[k];
		}
		__syncthreads();
		for (i64 i = bottom + warp; i < f; i += warps) {
			for (i64 k = i + lane; k < f; k += WARP) {
				float sum = 0;
				for (i64 j = 0; j < bottom - top; j++) sum += panel[j][i] * panel[j][k];
				a[i * f + k] -= sum;
			}
		}
	}
	for (i64 k = threadIdx.x; k < f; k += blockDim.x) b[k] = bs[k];
	for (i64 j = 0; j < f; j++) {
		__syncthreads();
		float z = b[j] / a[j * f + j];
		for (i64 k = j + 1 + threadIdx.x; k < f; k += blockDim.x) b[k] -= a[j * f + k] * z;
		__syncthreads();
		if (threadIdx.x == 0) b[j] = z;
	}
	__syncthreads();
	if (warp == 0) {
		for (i64 j = f - 1; j >= 0; j--) {
			float sum = 0;
			for (i64 k = j + 1 + lane; k < f; k += WARP) sum += a[j * f + k] * b[k];
			sum = warp_sum(sum);
			if (lane == 0) b[j] = (b[j] - sum) / a[j * f + j];
			__syncwarp();
		}
	}
	__syncthreads();
	for (i64 k = threadIdx.x; k < f; k += blockDim.x) bs[k] = b[k];
}
