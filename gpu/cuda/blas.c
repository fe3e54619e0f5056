//go:build nvidia

#include "blas.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int gemm(void *handle, int ta, int tb, int m, int n, int k, const float *alpha, const float *a, int lda, long long step_a,
                 const float *b, int ldb, long long step_b, const float *beta, float *c, int ldc, long long step_c, int batch);

struct llm4rec_blas {
	void *handle;
	int (*destroy)(void *);
	int (*version)(void *, int *);
	gemm *gemm;
};

static const char *const names[] = {"libcublas.so.13", "libcublas.so.12", "libcublas.so.11"};

// Opens one library; NULL with a message where it cannot be used, which a driver that is too old for it is a reason for.
static llm4rec_blas *open_library(const char *name, void *stream, char *text, size_t size) {
	void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		snprintf(text, size, "%s", dlerror());
		return NULL;
	}
	int (*create)(void **) = (int (*)(void **))dlsym(library, "cublasCreate_v2");
	int (*set_stream)(void *, void *) = (int (*)(void *, void *))dlsym(library, "cublasSetStream_v2");
	llm4rec_blas *b = malloc(sizeof *b);
	if (!b) abort();
	b->destroy = (int (*)(void *))dlsym(library, "cublasDestroy_v2");
	b->version = (int (*)(void *, int *))dlsym(library, "cublasGetVersion_v2");
	b->gemm = (gemm *)dlsym(library, "cublasSgemmStridedBatched");
	int status = 0;
	if (!create || !set_stream || !b->destroy || !b->version || !b->gemm) {
		snprintf(text, size, "%s lacks a function", name);
	} else if ((status = create(&b->handle)) != 0) {
		snprintf(text, size, "%s does not start (status %d)", name, status);
	} else if ((status = set_stream(b->handle, stream)) != 0) {
		snprintf(text, size, "%s does not take a stream (status %d)", name, status);
		b->destroy(b->handle);
	} else {
		return b;
	}
	free(b);
	dlclose(library);
	return NULL;
}

llm4rec_blas *llm4rec_blas_open(void *stream, const char **message) {
	static char text[1024];
	size_t used = (size_t)snprintf(text, sizeof text, "no cuBLAS can be used: ");
	for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
		llm4rec_blas *b = open_library(names[n], stream, text + used, sizeof text - used);
		if (b) return b;
		used += strlen(text + used);
		if (n + 1 < sizeof names / sizeof *names && used + 3 < sizeof text) used += (size_t)snprintf(text + used, sizeof text - used, "; ");
	}
	*message = text;
	return NULL;
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
