// What the kernels need of CUDA, for a C++ compiler: every thread of a block is a fiber of one thread of the CPU, and the
// blocks run one after the other. A fiber runs until it has to wait for the others, so what forgets to wait for them reads
// what is not there yet.
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#define __global__
#define __device__
#define __shared__ static
#define __launch_bounds__(threads)

struct float4 {
	float x, y, z, w;
};

struct dim3 {
	unsigned x, y, z;
};

extern dim3 gridDim, blockDim, blockIdx, threadIdx;

// Wait for all threads of the block, or of the warp, that have not ended.
void __syncthreads();
void __syncwarp();

// exchange puts a word in place of this lane's, waits for the warp, and returns all of its words. They stay until the
// exchange after the next.
const uint64_t *exchange(uint64_t word);

template <class T> T __shfl_xor_sync(unsigned, T x, int mask) {
	uint64_t word = 0;
	memcpy(&word, &x, sizeof x);
	memcpy(&x, &exchange(word)[threadIdx.x % 32 ^ mask], sizeof x);
	return x;
}

template <class T> T __shfl_sync(unsigned, T x, int lane) {
	uint64_t word = 0;
	memcpy(&word, &x, sizeof x);
	memcpy(&x, &exchange(word)[lane], sizeof x);
	return x;
}

inline unsigned __float_as_uint(float x) {
	unsigned bits;
	memcpy(&bits, &x, sizeof bits);
	return bits;
}

inline int atomicAdd(int *p, int x) {
	int old = *p;
	*p += x;
	return old;
}

inline void atomicMin(int *p, int x) {
	if (x < *p) *p = x;
}
