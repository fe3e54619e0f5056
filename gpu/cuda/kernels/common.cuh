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
