// The kernels of the CPU device, for one thread each. Matrices are row-major, factors are padded with zeros to fp = a
// multiple of 16.
#include <stdint.h>

// A batch of rows of R: number n is row rows[n], with the entries indptr[row] … indptr[row+1]−1 of indices and values
// (NULL: all 1).
typedef struct {
	const int32_t *rows;
	int count;
	const int64_t *indptr;
	const int32_t *indices;
	const float *values;
	int columns;
} llm4rec_batch;

// The equations of every row: (G + α·Σ r·y·yᵀ + λ·I)·x = Σ (β + α·r)·y.
typedef struct {
	const float *y;    // columns×fp
	const float *gram; // fp×fp
	const float *lambda;
	float alpha, beta;
	int f, fp;
} llm4rec_equations;

// Floats of workspace that a batch of that many rows needs.
int64_t llm4rec_cg_workspace(int rows, int fp);
int64_t llm4rec_exact_workspace(int fp);

// Improves the rows of x, f wide, by steps of conjugate gradients. The columns are taken in passes of chunk columns.
void llm4rec_cg(float *x, llm4rec_batch b, llm4rec_equations e, int steps, int chunk, float *workspace);

// Solves for the rows of x exactly. Returns the number in the batch of the first row that is singular, or −1.
int llm4rec_exact(float *x, llm4rec_batch b, llm4rec_equations e, float *workspace);

// Solves a·x = b, a f×f symmetric positive definite. Overwrites a and, by x, b. Returns 0, or not 0 if a is singular.
int llm4rec_cholesky(float *a, float *b, int f);

// The sum over the entries r of the batch of (β + α·r)·(1 − ŷ)² − β·ŷ², ŷ = x·y; x is as wide as y.
double llm4rec_observed_loss(const float *x, llm4rec_batch b, llm4rec_equations e);
