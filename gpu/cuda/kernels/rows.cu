// Operations on rows of a matrix.
#include "common.cuh"

// dst[n] = src[rows[n]], or 0 where that is negative.
KERNEL(256) gather(float *dst, const float *src, const int *rows, i64 n, i64 cols) {
	for (i64 i = thread_of_grid(); i < n * cols; i += threads_of_grid()) {
		i64 row = rows[i / cols];
		dst[i] = row < 0 ? 0 : src[row * cols + i % cols];
	}
}

// Scatter-add in ascending order: the numbers n are put into one list for each row, in any order (scatter_count, scan,
// scatter_place), and the block of a row sorts its list before it adds (scatter_add).

KERNEL(256) scatter_count(int *counts, const int *rows, i64 n) {
	for (i64 i = thread_of_grid(); i < n; i += threads_of_grid())
		if (rows[i] >= 0) atomicAdd(&counts[rows[i]], 1);
}

// starts and next become the sums of the counts before each; starts has one more element. By one block.
KERNEL(1024) scan(int *starts, int *next, const int *counts, i64 n) {
	__shared__ int sums[1024];
	int t = threadIdx.x, before = 0;
	for (i64 lo = 0; lo < n; lo += 1024) {
		int own = lo + t < n ? counts[lo + t] : 0;
		sums[t] = own;
		for (int d = 1; d < 1024; d *= 2) {
			__syncthreads();
			int x = t >= d ? sums[t - d] : 0;
			__syncthreads();
			sums[t] += x;
		}
		__syncthreads();
		if (lo + t < n) starts[lo + t] = next[lo + t] = before + sums[t] - own;
		before += sums[1023];
		__syncthreads();
	}
	if (t == 0) starts[n] = before;
}

KERNEL(256) scatter_place(int *order, int *next, const int *rows, i64 n) {
	for (i64 i = thread_of_grid(); i < n; i += threads_of_grid())
		if (rows[i] >= 0) order[atomicAdd(&next[rows[i]], 1)] = (int)i;
}

// A block a row of dst.
KERNEL(128) scatter_add(float *dst, const float *src, int *order, const int *starts, i64 cols) {
	i64 row = blockIdx.x;
	int lo = starts[row], hi = starts[row + 1];
	if (lo == hi) return;
	block_sort(order + lo, hi - lo);
	for (i64 c = threadIdx.x; c < cols; c += blockDim.x) {
		float sum = dst[row * cols + c];
		for (int i = lo; i < hi; i++) sum += src[order[i] * cols + c];
		dst[row * cols + c] = sum;
	}
}

// Widens, or narrows, rows of f floats to fp; what is new is 0.
KERNEL(256) widen(float *dst, const float *src, i64 rows, i64 f, i64 fp) {
	for (i64 i = thread_of_grid(); i < rows * fp; i += threads_of_grid()) {
		i64 k = i % fp;
		dst[i] = k < f ? src[i / fp * f + k] : 0;
	}
}

// partial[b] = block b's part of Σ w·‖x‖².
KERNEL(256) squared_norm(double *partial, const float *x, const float *weights, i64 rows, i64 cols) {
	__shared__ double sums[8];
	double sum = 0;
	for (i64 i = thread_of_grid(); i < rows * cols; i += threads_of_grid())
		sum += (double)weights[i / cols] * x[i] * x[i];
	sum = block_sum<8>(sum, sums);
	if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}
