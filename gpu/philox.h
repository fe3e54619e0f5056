// Dropout's random numbers: see gpu.Dropout.
#pragma once
#include "vector.h"

#define DRAWN 128 // elements at a time: 16 blocks of Philox, each of 4 words, each of 2 elements

// philox4x32 with ten rounds (Salmon et al., SC 2011), of 16 blocks from the given one on: words[4·b + w] is word w of
// block b.
INLINE void philox16(uint32_t *words, uint64_t seed, uint64_t stream, uint64_t block) {
	uint32_t a[16], b[16], c[16], d[16];
	for (int l = 0; l < 16; l++) {
		a[l] = (uint32_t)(block + l);
		b[l] = (uint32_t)((block + l) >> 32);
		c[l] = (uint32_t)stream;
		d[l] = (uint32_t)(stream >> 32);
	}
	uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
	for (int round = 0; round < 10; round++) {
		for (int l = 0; l < 16; l++) {
			uint64_t p = (uint64_t)0xD2511F53 * a[l], q = (uint64_t)0xCD9E8D57 * c[l];
			a[l] = (uint32_t)(q >> 32) ^ b[l] ^ k0;
			b[l] = (uint32_t)q;
			c[l] = (uint32_t)(p >> 32) ^ d[l] ^ k1;
			d[l] = (uint32_t)p;
		}
		k0 += 0x9E3779B9, k1 += 0xBB67AE85;
	}
	for (int l = 0; l < 16; l++) words[4 * l] = a[l], words[4 * l + 1] = b[l], words[4 * l + 2] = c[l], words[4 * l + 3] = d[l];
}

// Sets factors to what dropout multiplies the elements first … first+DRAWN−1 by: 0 or the scale. first is a multiple of 8.
INLINE void draw_factors(float *factors, const llm4rec_dropout *p, int64_t first) {
	if (p->threshold == 0) {
		for (int i = 0; i < DRAWN; i++) factors[i] = 1;
		return;
	}
	uint32_t words[DRAWN / 2];
	philox16(words, p->seed, p->stream, (uint64_t)first / 8);
	for (int i = 0; i < DRAWN / 2; i++) {
		factors[2 * i] = (words[i] & 0xffff) >= p->threshold ? p->scale : 0;
		factors[2 * i + 1] = words[i] >> 16 >= p->threshold ? p->scale : 0;
	}
}
