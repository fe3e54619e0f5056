// Networks, element by element and row by row: see gpu.Neural. The limit of all of these is the bandwidth of memory.
#include "common.cuh"

// y = α·a + β·b; with β = 0, b is not read.
KERNEL(256) add_scaled(float *y, const float *a, const float *b, i64 n, double alpha, double beta) {
	for (i64 i = thread_of_grid(); i < n; i += threads_of_grid())
		y[i] = (float)alpha * a[i] + (beta != 0 ? (float)beta * b[i] : 0);
}

KERNEL(256) add_row(float *y, const float *row, i64 n, i64 cols) {
	for (i64 i = thread_of_grid(); i < n; i += threads_of_grid()) y[i] += row[i % cols];
}

// Φ by erfc, which keeps its digits where Φ is near 0.
__device__ inline float normal_cdf(float x) { return .5f * erfcf(-.70710678f * x); }

KERNEL(256) activate(float *y, const float *x, i64 n, i64 gelu) {
	for (i64 i = thread_of_grid(); i < n; i += threads_of_grid()) {
		float v = x[i];
		y[i] = gelu ? v * normal_cdf(v) : v > 0 ? v : 0;
	}
}

// The derivative of x·Φ(x) is Φ(x) + x·φ(x).
KERNEL(256) activate_grad(float *dx, const float *x, const float *dy, i64 n, i64 gelu) {
	for (i64 i = thread_of_grid(); i < n; i += threads_of_grid()) {
		float v = x[i], slope = v > 0 ? 1 : 0;
		if (gelu) slope = normal_cdf(v) + v * expf(-.5f * v * v) * .39894228f;
		dx[i] = slope * dy[i];
	}
}

// y = r + x∘mask·scale, without r where it is null. A thread takes the eight elements of a block of Philox.
KERNEL(256) drop(float *y, const float *x, const float *r, i64 n, i64 threshold, double scale, u64 seed, u64 stream) {
	for (i64 block = thread_of_grid(); block * 8 < n; block += threads_of_grid()) {
		unsigned bits = threshold ? kept(block, stream, seed, (unsigned)threshold) : 0xff;
		for (i64 i = block * 8; i < block * 8 + 8 && i < n; i++, bits /= 2)
			y[i] = (bits & 1 ? x[i] * (float)scale : 0) + (r ? r[i] : 0);
	}
}

KERNEL(256) adam(float *w, const float *g, float *m, float *v, i64 n, double rate, double beta1, double beta2, double epsilon,
                 double decay, double clip, double unbias1, double unbias2) {
	float b1 = (float)beta1, b2 = (float)beta2;
	for (i64 i = thread_of_grid(); i < n; i += threads_of_grid()) {
		float d = g[i] * (float)clip, first = b1 * m[i] + (1 - b1) * d, second = b2 * v[i] + (1 - b2) * d * d;
		float step = first / (float)unbias1 / (sqrtf(second / (float)unbias2) + (float)epsilon);
		w[i] -= (float)rate * (step + (float)decay * w[i]);
		m[i] = first, v[i] = second;
	}
}

// Sums of columns, in doubles: block (c, b) adds up the columns 32·c … of the rows b·size …, eight rows at a time; the
// second kernel, what blocks have left in parts.

__device__ inline void leave_column(double *parts, double sum, i64 col, i64 cols) {
	__shared__ double sums[8][WARP];
	int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
	__syncthreads();
	sums[warp][lane] = sum;
	__syncthreads();
	if (warp > 0 || col >= cols) return;
	for (int w = 1; w < 8; w++) sum += sums[w][lane];
	parts[blockIdx.y * cols + col] = sum;
}

KERNEL(256) column_parts(double *parts, const float *x, i64 rows, i64 cols, i64 size) {
	i64 col = blockIdx.x * WARP + threadIdx.x % WARP, end = blockIdx.y * size + size;
	double sum = 0;
	for (i64 row = blockIdx.y * size + threadIdx.x / WARP; row < end && row < rows; row += 8)
		if (col < cols) sum += x[row * cols + col];
	leave_column(parts, sum, col, cols);
}

KERNEL(256) column_finish(float *dst, const double *parts, i64 n, i64 cols) {
	for (i64 col = thread_of_grid(); col < cols; col += threads_of_grid()) {
		double sum = 0;
		for (i64 part = 0; part < n; part++) sum += parts[part * cols + col];
		dst[col] = (float)sum;
	}
}

// Layer normalisation, a warp a row. The variance is made of the differences from the mean.

struct moments {
	float mean, scale; // scale = 1/√(variance + ε)
};

__device__ inline moments moments_of(const float *row, i64 cols, float epsilon) {
	int lane = threadIdx.x % WARP;
	float sum = 0, squares = 0;
	for (i64 c = lane; c < cols; c += WARP) sum += row[c];
	float mean = warp_sum(sum) / cols;
	for (i64 c = lane; c < cols; c += WARP) squares += (row[c] - mean) * (row[c] - mean);
	return {mean, 1 / sqrtf(warp_sum(squares) / cols + epsilon)};
}

__device__ inline i64 warp_of_grid() { return thread_of_grid() / WARP; }
__device__ inline i64 warps_of_grid() { return threads_of_grid() / WARP; }

KERNEL(256) layer_norm(float *y, const float *x, const float *gain, const float *bias, i64 rows, i64 cols, double epsilon) {
	for (i64 row = warp_of_grid(); row < rows; row += warps_of_grid()) {
		const float *from = x + row * cols;
		moments m = moments_of(from, cols, (float)epsilon);
		for (i64 c = threadIdx.x % WARP; c < cols; c += WARP)
			y[row * cols + c] = (from[c] - m.mean) * m.scale * gain[c] + bias[c];
	}
}

// With x̂ the normalised row and g = gain·dy, dx = scale·(g − mean(g) − x̂·mean(g·x̂)). The moments stay for
// layer_norm_parts.
KERNEL(256) layer_norm_grad(float *dx, moments *saved, const float *x, const float *gain, const float *dy, i64 rows, i64 cols,
                            double epsilon) {
	int lane = threadIdx.x % WARP;
	for (i64 row = warp_of_grid(); row < rows; row += warps_of_grid()) {
		const float *from = x + row * cols, *d = dy + row * cols;
		moments m = moments_of(from, cols, (float)epsilon);
		float g = 0, gx = 0;
		for (i64 c = lane; c < cols; c += WARP) {
			g += gain[c] * d[c];
			gx += gain[c] * d[c] * (from[c] - m.mean) * m.scale;
		}
		g = warp_sum(g) / cols, gx = warp_sum(gx) / cols;
		for (i64 c = lane; c < cols; c += WARP)
			dx[row * cols + c] = m.scale * (gain[c] * d[c] - g - (from[c] - m.mean) * m.scale * gx);
		if (lane == 0) saved[row] = m;
	}
}

// The parts of Σ dy·x̂ and Σ dy.
KERNEL(256) layer_norm_parts(double *gain, double *bias, const float *x, const moments *saved, const float *dy, i64 rows, i64 cols,
                             i64 size) {
	i64 col = blockIdx.x * WARP + threadIdx.x % WARP, end = blockIdx.y * size + size;
	double slopes = 0, sum = 0;
	for (i64 row = blockIdx.y * size + threadIdx.x / WARP; row < end && row < rows; row += 8) {
		if (col >= cols) continue;
		double d = dy[row * cols + col];
		slopes += d * ((x[row * cols + col] - saved[row].mean) * saved[row].scale);
		sum += d;
	}
	leave_column(gain, slopes, col, cols);
	leave_column(bias, sum, col, cols);
}
