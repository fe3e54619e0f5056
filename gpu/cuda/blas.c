//go:build nvidia

#include "blas.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef int gemm(void *handle, int ta, int tb, int m, int n, int k, const float *alpha, const float *a, int lda, long long step_a,
                 const float *b, int ldb, long long step_b, const float *beta, float *c, int ldc, long long step_c, int batch);

struct llm4rec_blas {
	void *handle;
	int (*destroy)(void *);
	int (*version)(void *, int *);
	gemm *gemm;
};

static const char *const names[] = {"libcublas.so.13", "libcublas.so.12", "libcublas.so.11"};

llm4rec_blas *llm4rec_blas_open(void *stream, const char **message) {
	static char text[512];
	void *library = NULL;
	for (size_t n = 0; n < sizeof names / sizeof *names && !library; n++) library = dlopen(names[n], RTLD_NOW | RTLD_LOCAL);
	*message = text;
	if (!library) {
		snprintf(text, sizeof text, "none of libcublas.so.13, .12 and .11 can be loaded: %s", dlerror());
		return NULL;
	}
	int (*create)(void **) = (int (*)(void **))dlsym(library, "cublasCreate_v2");
	int (*set_stream)(void *, void *) = (int (*)(void *, void *))dlsym(library, "cublasSetStream_v2");
	llm4rec_blas *b = malloc(sizeof *b);
	if (!b) abort();
	b->destroy = (int (*)(void *))dlsym(library, "cublasDestroy_v2");
	b->version = (int (*)(void *, int *))dlsym(library, "cublasGetVersion_v2");
	b->gemm = (gemm *)dlsym(library, "cublasSgemmStridedBatched");
	if (!create || !set_stream || !b->destroy || !b->version || !b->gemm) {
		snprintf(text, sizeof text, "cuBLAS lacks a function: %s", dlerror());
		free(b);
		return NULL;
	}
	int status = create(&b->handle);
	if (status == 0) status = set_stream(b->handle, stream);
	if (status != 0) {
		snprintf(text, sizeof text, "cuBLAS does not start (status %d)", status);
		free(b);
		return NULL;
	}
	return b;
}

void llm4rec_blas_close(llm4rec_blas *b) {
	b->destroy(b->handle);
	free(b);
}

int llm4rec_blas_version(llm4rec_blas *b) {
	int v = 0;
	b->version(b->handle, &v);
	return v;
}

int llm4rec_blas_gemm(llm4rec_blas *l, int ta, int tb, int m, int n, int k, float alpha, unsigned long long a, int lda,
                      long long step_a, unsigned long long b, int ldb, long long step_b, float beta, unsigned long long c,
                      int ldc, long long step_c, int batch) {
	return l->gemm(l->handle, ta, tb, m, n, k, &alpha, (const float *)a, lda, step_a, (const float *)b, ldb, step_b, &beta,
	               (float *)c, ldc, step_c, batch);
}
