// Random numbers, as package gpu draws them.
#include "common.cuh"

KERNEL(256) uniform(float *dst, i64 n, u64 seed, u64 stream) {
	for (i64 block = thread_of_grid(); block * 4 < n; block += threads_of_grid()) {
		words c = philox(block, stream, seed);
		for (int l = 0; l < 4 && block * 4 + l < n; l++) dst[block * 4 + l] = (float)(c.w[l] >> 8) * 0x1p-24f;
	}
}

// Box & Muller (1958), in double for the sake of equal results everywhere.
KERNEL(256) normal(float *dst, i64 n, double sd, u64 seed, u64 stream) {
	for (i64 block = thread_of_grid(); block * 4 < n; block += threads_of_grid()) {
		words c = philox(block, stream, seed);
		for (int l = 0; l < 4; l += 2) {
			double radius = sqrt(-2 * log(((double)c.w[l] + 1) * 0x1p-32)), s, t;
			sincos(2 * 3.14159265358979323846 * (double)c.w[l + 1] * 0x1p-32, &s, &t);
			if (block * 4 + l < n) dst[block * 4 + l] = (float)(radius * t * sd);
			if (block * 4 + l + 1 < n) dst[block * 4 + l + 1] = (float)(radius * s * sd);
		}
	}
}
