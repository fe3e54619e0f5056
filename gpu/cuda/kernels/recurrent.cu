// A gated recurrent unit: see gpu.Recur. A block goes along a sequence of its own: what a step needs of the one before is
// in memory that the block itself has written, so that a barrier is all that they wait for.
#include "common.cuh"

#define UNITS 64 // columns of a gate that a block computes at a time
#define PARTS 4  // of the sum over the state, one for each group of threads

// An element of the gates; inner is what the reset multiplies. x and a = h·U are rows of 3·d.
struct gates {
	float reset, update, candidate, inner;
};

__device__ inline float sigmoid(float x) { return 1 / (1 + expf(-x)); }

__device__ inline gates gates_of(const float *x, float a_reset, float a_update, float a_candidate, const float *bias, i64 d, i64 l) {
	gates g;
	g.reset = sigmoid(x[l] + (a_reset + bias[l]));
	g.update = sigmoid(x[d + l] + (a_update + bias[d + l]));
	g.inner = a_candidate + bias[2 * d + l];
	g.candidate = tanhf(x[2 * d + l] + g.reset * g.inner);
	return g;
}

// A warp reads neighbouring columns of a row of u. Its sums over a part of the rows meet in shared memory.
KERNEL(256) recur(float *y, const float *x, const float *u, const float *bias, const int *starts, i64 d) {
	__shared__ float sums[PARTS][3][UNITS];
	i64 first = starts[blockIdx.x], end = starts[blockIdx.x + 1];
	int part = threadIdx.x / UNITS, unit = threadIdx.x % UNITS;
	for (i64 row = first; row < end; row++) {
		const float *h = y + (row - 1) * d; // of the first row, there is none
		for (i64 lo = 0; lo < d; lo += UNITS) {
			i64 l = lo + unit;
			float sum[3] = {};
			if (row > first && l < d)
				for (i64 i = part; i < d; i += PARTS)
					for (int which = 0; which < 3; which++) sum[which] += h[i] * u[i * 3 * d + which * d + l];
			for (int which = 0; which < 3; which++) sums[part][which][unit] = sum[which];
			__syncthreads();
			if (part == 0 && l < d) {
				for (int other = 1; other < PARTS; other++)
					for (int which = 0; which < 3; which++) sum[which] += sums[other][which][unit];
				gates g = gates_of(x + row * 3 * d, sum[0], sum[1], sum[2], bias, d, l);
				y[row * d + l] = (1 - g.update) * g.candidate + (row > first ? g.update * h[l] : 0);
			}
			__syncthreads();
		}
	}
}

// The state before every row, which is known on the way back.
KERNEL(256) states_before(float *h, const float *y, const int *starts, i64 d) {
	i64 first = starts[blockIdx.x], end = starts[blockIdx.x + 1];
	for (i64 i = first * d + threadIdx.x; i < end * d; i += blockDim.x) h[i] = i < (first + 1) * d ? 0 : y[i - d];
}

// From the last row to the first, with the equations of the reference. da holds h·U, and becomes the gradient by it; carried
// is d numbers of every sequence, the gradient by the state.
KERNEL(256) recur_grad(float *dx, float *da, float *carried, const float *x, const float *u, const float *bias, const float *h,
                       const float *dy, const int *starts, i64 d) {
	i64 first = starts[blockIdx.x], end = starts[blockIdx.x + 1];
	int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP, warps = blockDim.x / WARP;
	float *carry = carried + blockIdx.x * d;
	for (i64 l = threadIdx.x; l < d; l += blockDim.x) carry[l] = 0;
	for (i64 row = end - 1; row >= first; row--) {
		float *to = dx + row * 3 * d, *a = da + row * 3 * d;
		__syncthreads();
		for (i64 l = threadIdx.x; l < d; l += blockDim.x) {
			gates g = gates_of(x + row * 3 * d, a[l], a[d + l], a[2 * d + l], bias, d, l);
			float slope = carry[l] + dy[row * d + l];
			float dn = slope * (1 - g.update) * (1 - g.candidate * g.candidate);
			to[l] = a[l] = dn * g.inner * g.reset * (1 - g.reset);
			to[d + l] = a[d + l] = slope * (h[row * d + l] - g.candidate) * g.update * (1 - g.update);
			to[2 * d + l] = dn;
			a[2 * d + l] = dn * g.reset;
			carry[l] = slope * g.update;
		}
		__syncthreads();
		for (i64 i = warp; i < d; i += warps) {
			float sum = 0;
			for (i64 col = lane; col < 3 * d; col += WARP) sum += a[col] * u[i * 3 * d + col];
			sum = warp_sum(sum);
			if (lane == 0) carry[i] += sum;
		}
	}
}
