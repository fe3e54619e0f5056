// Row-wise top-k.
#include "common.cuh"

// A key that is greater for a greater score, and of equal scores for the lower column; above 0.
__device__ inline u64 key_of(float score, i64 column) {
	unsigned bits = __float_as_uint(score == 0 ? 0.f : score); // −0 ties with 0
	bits = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
	return (u64)bits << 32 | (0xffffffffu - (unsigned)column);
}

__device__ inline i64 column_of(u64 key) { return 0xffffffffu - (unsigned)key; }

__device__ inline bool contains(const int *indices, i64 lo, i64 hi, int column) {
	while (lo < hi) {
		i64 middle = lo + (hi - lo) / 2;
		if (indices[middle] < column) lo = middle + 1;
		else if (indices[middle] > column) hi = middle;
		else return true;
	}
	return false;
}

// A block a row, from row first on. keys (a row of cols for each block) and best (a row of k) are workspace. indptr and
// indices are what is excluded, or indptr is null.
//
// The k-th best key is found byte by byte from the top, by counting the keys that share the bytes found so far (radix
// selection); keys differ, so exactly k are at least as good. Those are sorted.
KERNEL(256) topk(int *ids, float *scores, const float *x, const i64 *indptr, const int *indices, u64 *keys, u64 *best,
                 i64 first, i64 cols, i64 k) {
	__shared__ int counts[256];
	__shared__ int found, wanted;
	__shared__ u64 prefix;
	i64 row = first + blockIdx.x;
	x += row * cols, ids += row * k, scores += row * k, keys += blockIdx.x * cols, best += blockIdx.x * k;

	counts[threadIdx.x] = 0;
	for (i64 c = threadIdx.x; c < cols; c += blockDim.x) {
		bool out = x[c] != x[c] || (indptr && contains(indices, indptr[row], indptr[row + 1], (int)c));
		keys[c] = out ? 0 : key_of(x[c], c);
		if (!out) counts[threadIdx.x]++;
	}
	__syncthreads();
	if (threadIdx.x == 0) {
		i64 valid = 0;
		for (int t = 0; t < 256; t++) valid += counts[t];
		found = 0, prefix = 0, wanted = (int)(valid < k ? valid : k);
	}
	__syncthreads();
	i64 m = wanted;

	for (int shift = 56; shift >= 0 && m > 0; shift -= 8) {
		counts[threadIdx.x] = 0;
		__syncthreads();
		u64 above = shift == 56 ? 0 : ~0ull << (shift + 8);
		for (i64 c = threadIdx.x; c < cols; c += blockDim.x)
			if (keys[c] && (keys[c] & above) == prefix) atomicAdd(&counts[keys[c] >> shift & 255], 1);
		__syncthreads();
		if (threadIdx.x == 0) {
			int digit = 255;
			while (counts[digit] < wanted) wanted -= counts[digit--];
			prefix |= (u64)digit << shift;
		}
		__syncthreads();
	}

	if (m > 0)
		for (i64 c = threadIdx.x; c < cols; c += blockDim.x)
			if (keys[c] >= prefix) best[atomicAdd(&found, 1)] = ~keys[c]; // greatest first in ascending order
	block_sort(best, m);
	for (i64 n = threadIdx.x; n < k; n += blockDim.x) {
		ids[n] = n < m ? (int)column_of(~best[n]) : -1;
		scores[n] = n < m ? x[column_of(~best[n])] : -INFINITY;
	}
}
