// Losses over classes: see gpu.Neural. A position that counts adds a term to the loss, and its gradients, divided by the
// number of those.
#include "common.cuh"

// count += the number of positions whose target, the first of so many ids each, is not negative.
KERNEL(256) count_targets(int *count, const int *ids, i64 n, i64 each) {
	__shared__ int sums[8];
	int own = 0;
	for (i64 i = thread_of_grid(); i < n; i += threads_of_grid()) own += ids[i * each] >= 0;
	own = block_sum<8>(own, sums);
	if (threadIdx.x == 0) atomicAdd(count, own);
}

// By one block.
KERNEL(256) mean_loss(float *loss, const float *losses, const int *count, i64 n) {
	__shared__ double sums[8];
	double sum = 0;
	for (i64 i = threadIdx.x; i < n; i += blockDim.x) sum += losses[i];
	sum = block_sum<8>(sum, sums);
	if (threadIdx.x == 0) *loss = (float)(sum / (*count ? *count : 1));
}

// Cross-entropy of position first + blockIdx.x, whose scores become its derivatives by them where there are gradients.
KERNEL(256) cross_entropy(float *losses, float *scores, const int *targets, const int *count, i64 first, i64 classes, i64 grads) {
	__shared__ float shared[8];
	i64 row = first + blockIdx.x, target = targets[row];
	scores += blockIdx.x * classes;
	if (target < 0) {
		if (threadIdx.x == 0) losses[row] = 0;
		for (i64 c = threadIdx.x; grads && c < classes; c += blockDim.x) scores[c] = 0;
		return;
	}
	float top = -INFINITY, total = 0;
	for (i64 c = threadIdx.x; c < classes; c += blockDim.x) top = fmaxf(top, scores[c]);
	top = block_max<8>(top, shared);
	for (i64 c = threadIdx.x; c < classes; c += blockDim.x) total += expf(scores[c] - top);
	total = block_sum<8>(total, shared);
	if (threadIdx.x == 0) losses[row] = top - scores[target] + logf(total);
	__syncthreads();
	float n = (float)*count;
	for (i64 c = threadIdx.x; grads && c < classes; c += blockDim.x)
		scores[c] = (expf(scores[c] - top) / total - (c == target)) / n;
}

// log(1 + eˣ)
__device__ inline float softplus(float x) { return fmaxf(x, 0) + log1pf(expf(-fabsf(x))); }

// The sum of what four warps have, in the first of them.
__device__ inline float sum_of_warps(float x) {
	__shared__ float sums[4][WARP];
	int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
	__syncthreads();
	sums[warp][lane] = x;
	__syncthreads();
	for (int w = 1; w < 4; w++) x += warp == 0 ? sums[w][lane] : 0;
	return x;
}

// A block a position: its loss, the derivatives by its c scores, and, where dh is not null, the gradient by h. A warp takes a
// class at a time. bias may be null.
KERNEL(128) sampled(float *losses, float *slopes, float *dh, const float *h, const float *e, const int *ids, const float *bias,
                    const int *count, i64 cols, i64 c, i64 logistic, double beta) {
	__shared__ float shared[4];
	int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
	i64 row = blockIdx.x;
	h += row * cols, ids += row * c, slopes += row * c;
	if (ids[0] < 0) {
		if (threadIdx.x == 0) losses[row] = 0;
		for (i64 j = threadIdx.x; j < c; j += blockDim.x) slopes[j] = 0;
		for (i64 k = threadIdx.x; dh && k < cols; k += blockDim.x) dh[row * cols + k] = 0;
		return;
	}
	float top = -INFINITY;
	for (i64 j = warp; j < c; j += 4) {
		i64 id = ids[j];
		float sum = 0;
		for (i64 k = lane; id >= 0 && k < cols; k += WARP) sum += h[k] * e[id * cols + k];
		sum = warp_sum(sum);
		if (id < 0) continue;
		sum -= bias ? bias[id] : 0;
		top = fmaxf(top, sum);
		if (lane == 0) slopes[j] = sum;
	}
	top = block_max<4>(top, shared); // waits for the scores too
	float n = (float)*count, loss = 0, total = 0;
	if (!logistic) {
		float target = slopes[0]; // before the sum, which waits: then it changes
		for (i64 j = threadIdx.x; j < c; j += blockDim.x) total += ids[j] < 0 ? 0 : expf(slopes[j] - top);
		total = block_sum<4>(total, shared);
		loss = top - target + logf(total);
	}
	for (i64 j = threadIdx.x; j < c; j += blockDim.x) {
		float s = slopes[j], slope;
		if (ids[j] < 0) {
			slopes[j] = 0;
			continue;
		}
		if (!logistic) {
			slope = expf(s - top) / total - (j == 0);
		} else if (j == 0) {
			loss += (float)beta * softplus(-s) / c;
			slope = -(float)beta / (1 + expf(s)) / c; // σ − 1 = −σ(−s)
		} else {
			loss += softplus(s) / c;
			slope = 1 / (1 + expf(-s)) / c;
		}
		slopes[j] = slope / n;
	}
	if (logistic) loss = block_sum<4>(loss, shared);
	if (threadIdx.x == 0) losses[row] = loss;
	__syncthreads();
	for (i64 k = lane; dh && k - lane < cols; k += WARP) {
		float sum = 0;
		for (i64 j = warp; k < cols && j < c; j += 4)
			if (ids[j] >= 0) sum += slopes[j] * e[ids[j] * cols + k];
		sum = sum_of_warps(sum);
		if (warp == 0 && k < cols) dh[row * cols + k] = sum;
	}
}

// A block a class: the gradient by its row of E, from the list of its places among ids: see scatter_add.
KERNEL(128) sampled_classes(float *de, const float *slopes, const float *h, int *order, const int *starts, i64 cols, i64 c) {
	int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP, lo = starts[blockIdx.x], hi = starts[blockIdx.x + 1];
	block_sort(order + lo, hi - lo);
	for (i64 k = lane; k - lane < cols; k += WARP) {
		float sum = 0;
		for (int i = lo + warp; k < cols && i < hi; i += 4) sum += slopes[order[i]] * h[order[i] / c * cols + k];
		sum = sum_of_warps(sum);
		if (warp == 0 && k < cols) de[blockIdx.x * cols + k] = sum;
	}
}
