//go:build cgo

#include "read.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__GLIBC__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

typedef float v16 __attribute__((vector_size(64)));
typedef v16 v16u __attribute__((aligned(4), may_alias));

// Four sums, so that no addition waits for the one before it.
CLONES float llm4rec_sum_rows(const float *y, int f, const int32_t *rows, int64_t n) {
	v16 s[4] = {0};
	float total = 0;
	for (int64_t i = 0; i < n; i++) {
		const float *row = y + (int64_t)rows[i] * f;
		int k = 0;
		for (; k + 64 <= f; k += 64)
			for (int j = 0; j < 4; j++) s[j] += *(const v16u *)(row + k + 16 * j);
		for (; k + 16 <= f; k += 16) s[0] += *(const v16u *)(row + k);
		for (; k < f; k++) total += row[k];
	}
	v16 all = (s[0] + s[1]) + (s[2] + s[3]);
	for (int k = 0; k < 16; k++) total += all[k];
	return total;
}
