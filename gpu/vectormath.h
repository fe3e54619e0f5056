// Elementary functions of 16 floats.
#pragma once
#include "vector.h"

typedef int32_t i16 __attribute__((vector_size(64)));

// A row's last vector may be shorter than 16; what is missing is 0.
INLINE v16 load(const float *p, int64_t n) {
	if (n >= 16) return LOAD(p);
	v16 v = {0};
	for (int i = 0; i < n; i++) ((float *)&v)[i] = p[i];
	return v;
}

INLINE void store(float *p, v16 v, int64_t n) {
	if (n >= 16) {
		STORE(p, v);
		return;
	}
	for (int i = 0; i < n; i++) p[i] = ((float *)&v)[i];
}

INLINE v16 select(i16 mask, v16 yes, v16 no) { return (v16)((mask & (i16)yes) | (~mask & (i16)no)); }
INLINE v16 vmax(v16 a, v16 b) { return select(a > b, a, b); }
INLINE v16 vmin(v16 a, v16 b) { return select(a < b, a, b); }
INLINE float largest(const v16 *a) {
	float m = ((const float *)a)[0];
	for (int i = 1; i < 16; i++) m = ((const float *)a)[i] > m ? ((const float *)a)[i] : m;
	return m;
}

// e^x: 2^n·e^r with |r| ≤ ln 2/2, e^r by the polynomial of Moshier's Cephes library (expf), with a relative error below
// 2^-23, for x up to 88. Below −87, where numbers lose their digits and processors their speed, it is 0.
INLINE v16 vexp(v16 x) {
	i16 nothing = x < (v16){} - 87.0f;
	x = vmax(x, (v16){} - 87.0f);
	v16 t = x * 1.44269504088896341f + 12582912.0f; // the integer is in the lowest bits
	v16 n = t - 12582912.0f;
	v16 r = x - n * 0.693359375f + n * 2.12194440e-4f;
	v16 p = 1.9875691500e-4f * r + 1.3981999507e-3f;
	p = p * r + 8.3334519073e-3f;
	p = p * r + 4.1665795894e-2f;
	p = p * r + 1.6666665459e-1f;
	p = p * r + 5.0000001201e-1f;
	p = p * r * r + r + 1.0f;
	return (v16)(((i16)p + ((i16)t << 23)) & ~nothing);
}

// The error function of x in [−4, 4], where beyond it is ±1: x·P(x²)/Q(x²), with an error below 4·2^-24.
INLINE v16 verf(v16 x) {
	x = vmax(vmin(x, (v16){} + 4.0f), (v16){} - 4.0f);
	v16 s = x * x;
	v16 p = s * -2.72614225801306e-10f + 2.77068142495902e-08f;
	p = p * s - 2.10102402082508e-06f;
	p = p * s - 5.69250639462346e-05f;
	p = p * s - 7.34990630326855e-04f;
	p = p * s - 2.95459980854025e-03f;
	p = p * s - 1.60960333262415e-02f;
	v16 q = s * -1.45660718464996e-05f - 2.13374055278905e-04f;
	q = q * s - 1.68282697438203e-03f;
	q = q * s - 7.37332916720468e-03f;
	q = q * s - 1.42647390514189e-02f;
	return x * p / q;
}

INLINE v16 vcdf(v16 x) { return 0.5f + 0.5f * verf(x * 0.70710678118654752f); }
INLINE v16 vdensity(v16 x) { return vexp(-0.5f * x * x) * 0.39894228040143268f; }

INLINE v16 vsigmoid(v16 x) { return 1 / (1 + vexp(vmin(-x, (v16){} + 87.0f))); }

// tanh x: below 0.625 the polynomial of Cephes (tanhf), with a relative error below 2^-23; above, 1 − 2/(e^2|x| + 1).
INLINE v16 vtanh(v16 x) {
	v16 size = vmax(x, -x), s = x * x;
	v16 p = s * -5.70498872745e-3f + 2.06390887954e-2f;
	p = p * s - 5.37397155531e-2f;
	p = p * s + 1.33314422036e-1f;
	p = p * s - 3.33332819422e-1f;
	v16 far = 1 - 2 / (vexp(vmin(2 * size, (v16){} + 87.0f)) + 1);
	return select(size < 0.625f, p * s * x + x, select(x < 0, -far, far));
}
