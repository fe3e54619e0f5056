// cuBLAS, loaded by name.
typedef struct llm4rec_blas llm4rec_blas;

// Loads cuBLAS and puts its work on a stream. Returns NULL and what is wrong, which lives until the next call.
llm4rec_blas *llm4rec_blas_open(void *stream, const char **message);
void llm4rec_blas_close(llm4rec_blas *);
int llm4rec_blas_version(llm4rec_blas *);

// As cublasSgemmStridedBatched. Returns its status.
int llm4rec_blas_gemm(llm4rec_blas *, int ta, int tb, int m, int n, int k, float alpha, unsigned long long a, int lda,
                      long long step_a, unsigned long long b, int ldb, long long step_b, float beta, unsigned long long c,
                      int ldc, long long step_c, int batch);
