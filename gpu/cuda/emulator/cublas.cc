// The functions of cuBLAS that package cuda calls, from their definition. Matrices are column-major.
#define API extern "C" __attribute__((visibility("default"))) int

API cublasCreate_v2(void **h) { return *h = (void *)1, 0; }
API cublasDestroy_v2(void *) { return 0; }
API cublasSetStream_v2(void *, void *) { return 0; }
API cublasGetVersion_v2(void *, int *v) { return *v = 120400, 0; }

API cublasSgemmStridedBatched(void *, int ta, int tb, int m, int n, int k, const float *alpha, const float *a, int lda,
                              long long stepA, const float *b, int ldb, long long stepB, const float *beta, float *c, int ldc,
                              long long stepC, int batch) {
	if (m < 0 || n < 0 || k < 0 || lda < (ta ? k : m) || ldb < (tb ? n : k) || ldc < m) return 7; // INVALID_VALUE
	for (int z = 0; z < batch; z++, a += stepA, b += stepB, c += stepC) {
		for (int j = 0; j < n; j++) {
			for (int i = 0; i < m; i++) {
				float sum = 0;
				for (int l = 0; l < k; l++)
					sum += a[ta ? l + (long long)i * lda : i + (long long)l * lda] * b[tb ? j + (long long)l * ldb : l + (long long)j * ldb];
				float *to = c + i + (long long)j * ldc;
				*to = *alpha * sum + (*beta != 0 ? *beta * *to : 0);
			}
		}
	}
	return 0;
}
