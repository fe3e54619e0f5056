// Counter-based random numbers: philox4x32 with ten rounds (Salmon et al., SC 2011), as package gpu draws them.
#include "common.cuh"

struct words {
	unsigned w[4];
};

__device__ inline words philox(u64 block, u64 stream, u64 seed) {
	words c = {{(unsigned)block, (unsigned)(block >> 32), (unsigned)stream, (unsigned)(stream >> 32)}};
	unsigned k0 = (unsigned)seed, k1 = (unsigned)(seed >> 32);
	for (int round = 0; round < 10; round++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
		u64 p0 = (u64)0xD2511F53u * c.w[0], p1 = (u64)0xCD9E8D57u * c.w[2];
		c = {{(unsigned)(p1 >> 32) ^ c.w[1] ^ k0, (unsigned)p1, (unsigned)(p0 >> 32) ^ c.w[3] ^ k1, (unsigned)p0}};
	}
	return c;
}

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
