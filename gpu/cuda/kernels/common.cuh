// What the kernels share. Every parameter is 8 bytes wide, for the launcher copies 8: long long, double or a pointer.
// Results must not depend on the order in which blocks run: sums have a fixed order, and atomics serve integers alone.
#pragma once

#ifdef EMULATED
#include "emulated.h"
#endif

typedef long long i64;
typedef unsigned long long u64;

#define KERNEL(threads) extern "C" __global__ void __launch_bounds__(threads)

#define WARP 32
#define ALL_LANES 0xffffffffu

__device__ inline i64 thread_of_grid() { return (i64)blockIdx.x * blockDim.x + threadIdx.x; }
__device__ inline i64 threads_of_grid() { return (i64)gridDim.x * blockDim.x; }

template <class T> __device__ inline T warp_sum(T x) {
	for (int d = WARP / 2; d > 0; d /= 2) x += __shfl_xor_sync(ALL_LANES, x, d);
	return x;
}

// The sum over all threads of a block of WARPS warps, the same in every thread. shared holds WARPS elements, which the
// next call may overwrite.
template <int WARPS, class T> __device__ inline T block_sum(T x, T *shared) {
	x = warp_sum(x);
	__syncthreads();
	if (threadIdx.x % WARP == 0) shared[threadIdx.x / WARP] = x;
	__syncthreads();
	T total = 0;
	for (int w = 0; w < WARPS; w++) total += shared[w];
	return total;
}

template <class T> __device__ inline T warp_max(T x) {
	for (int d = WARP / 2; d > 0; d /= 2) {
		T other = __shfl_xor_sync(ALL_LANES, x, d);
		x = other > x ? other : x;
	}
	return x;
}

// As block_sum.
template <int WARPS, class T> __device__ inline T block_max(T x, T *shared) {
	x = warp_max(x);
	__syncthreads();
	if (threadIdx.x % WARP == 0) shared[threadIdx.x / WARP] = x;
	__syncthreads();
	for (int w = 0; w < WARPS; w++) x = shared[w] > x ? shared[w] : x;
	return x;
}

// Sorts n elements by a block, ascending: the bitonic network in which every comparison goes the same way, so that n need
// not be a power of two (Knuth, The Art of Computer Programming, vol. 3, 5.3.4).
template <class T> __device__ inline void block_sort(T *x, i64 n) {
	for (i64 size = 2; size / 2 < n; size *= 2) {
		for (i64 d = size / 2; d > 0; d /= 2) {
			__syncthreads();
			for (i64 i = threadIdx.x; i < n; i += blockDim.x) {
				i64 other = d == size / 2 ? i ^ (size - 1) : i ^ d;
				if (other > i && other < n && x[other] < x[i]) {
					T swapped = x[i];
					x[i] = x[other];
					x[other] = swapped;
				}
			}
		}
	}
	__syncthreads();
}

// Counter-based random numbers: philox4x32 with ten rounds (Salmon et al., SC 2011).
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

// Bit l of the result says whether dropout keeps element 8·block + l: see gpu.Dropout.
__device__ inline unsigned kept(u64 block, u64 stream, u64 seed, unsigned threshold) {
	words c = philox(block, stream, seed);
	unsigned bits = 0;
	for (int l = 0; l < 8; l++) bits |= (unsigned)((c.w[l / 2] >> 16 * (l % 2) & 0xffff) >= threshold) << l;
	return bits;
}
