// Vectors of 16 floats, in the extension that GCC and Clang share: one AVX-512 register, two of AVX2, four of SSE.
#pragma once
#include <stdint.h>
#include <string.h>

// One version of a function for each level of x86-64; the loader takes the best that the CPU has.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__GLIBC__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

#define INLINE static inline __attribute__((always_inline))

typedef float v16 __attribute__((vector_size(64)));
typedef float v4 __attribute__((vector_size(16)));
typedef v16 v16u __attribute__((aligned(4), may_alias));

#define LOAD(p) (*(const v16u *)(p))
#define STORE(p, v) (*(v16u *)(p) = (v))

// Element i of the result is element mask i of (a, b).
#ifdef __clang__
#define SHUFFLE(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
typedef int32_t m4 __attribute__((vector_size(16)));
#define SHUFFLE(a, b, i, j, k, l) __builtin_shuffle(a, b, (m4){i, j, k, l})
#endif

INLINE v4 fold(const v16 *a) {
	v4 q[4];
	memcpy(q, a, sizeof q);
	return (q[0] + q[2]) + (q[1] + q[3]);
}

INLINE float sum(const v16 *a) {
	v4 q = fold(a);
	return (q[0] + q[2]) + (q[1] + q[3]);
}

// The sums of four vectors.
INLINE v4 sum4(const v16 *a, const v16 *b, const v16 *c, const v16 *d) {
	v4 p = fold(a), q = fold(b), r = fold(c), s = fold(d);
	v4 pq = SHUFFLE(p, q, 0, 4, 1, 5) + SHUFFLE(p, q, 2, 6, 3, 7);
	v4 rs = SHUFFLE(r, s, 0, 4, 1, 5) + SHUFFLE(r, s, 2, 6, 3, 7);
	return SHUFFLE(pq, rs, 0, 1, 4, 5) + SHUFFLE(pq, rs, 2, 3, 6, 7);
}

INLINE float dot(const float *a, const float *b, int n) {
	v16 s = {0};
	for (int k = 0; k < n; k += 16) s += LOAD(a + k) * LOAD(b + k);
	return sum(&s);
}
