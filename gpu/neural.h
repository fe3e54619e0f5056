// The kernels of networks over sequences, for one thread each. Matrices are row-major; widths are any.
#pragma once
#include <stdint.h>

// Dropout: see gpu.Dropout. With threshold 0, nothing is drawn.
typedef struct {
	uint64_t seed, stream;
	uint32_t threshold; // of 2^16
	float scale;
} llm4rec_dropout;

enum { LLM4REC_RELU, LLM4REC_GELU };

void llm4rec_sum(float *y, const float *a, const float *b, float alpha, float beta, int64_t n);
void llm4rec_add_row(float *y, const float *row, int64_t rows, int cols);
// Adds the columns of x to sums. They are summed in float for so many rows at a time.
void llm4rec_column_sums(double *sums, const float *x, int64_t rows, int cols, float *workspace);
void llm4rec_activate(float *y, const float *x, int f, int64_t n);
void llm4rec_activate_grad(float *dx, const float *x, const float *dy, int f, int64_t n);
// Elements first … first+n−1 of a matrix, which y, x and r (or NULL) point to; first is a multiple of 8.
void llm4rec_drop(float *y, const float *x, const float *r, llm4rec_dropout p, int64_t first, int64_t n);
void llm4rec_layer_norm(float *y, const float *x, const float *gain, const float *bias, float epsilon, int64_t rows, int cols);
// Adds to dgain and dbias; workspace has 2·cols floats.
void llm4rec_layer_norm_grad(float *dx, double *dgain, double *dbias, const float *x, const float *gain, const float *dy,
                             float epsilon, int64_t rows, int cols, float *workspace);
void llm4rec_gather(float *dst, const float *src, const int32_t *rows, int64_t n, int cols);
// Columns from … to−1 alone.
void llm4rec_scatter_add(float *dst, const float *src, const int32_t *rows, int64_t n, int cols, int from, int to);

// One head of one sequence: see gpu.Attention. Its parts of qkv and y begin at these addresses, with 3·d and d floats from
// row to row.
typedef struct {
	const float *qkv;
	int64_t place; // of the first dropout number of its first row
	int64_t step;  // of the dropout numbers from row to row
	int rows, width, d, causal;
	llm4rec_dropout dropout;
} llm4rec_head;

int64_t llm4rec_attend_workspace(int rows);
void llm4rec_attend(float *y, llm4rec_head h, float *workspace);
void llm4rec_attend_grad(float *dqkv, const float *dy, llm4rec_head h, float *workspace);

// Some sequences of a recurrent unit: see gpu.Recur. At step t of all of them, those that are longer than t are the first.
typedef struct {
	const float *u, *bias;
	const int32_t *starts; // of all sequences
	const int32_t *order;  // numbers of these, longest first
	int count, d;
} llm4rec_sequences;

int64_t llm4rec_recur_workspace(int count, int d);
void llm4rec_recur(float *y, const float *x, llm4rec_sequences s, float *workspace);
// Sets dx. da, of all rows, holds h·U, and becomes the gradient by it; h is the state before each row.
void llm4rec_recur_grad(float *dx, float *da, const float *x, const float *h, const float *dy, llm4rec_sequences s,
                        float *workspace);

// A block of rows of a softmax over all classes. Returns the sum of the losses; scale is what a position's gradient is
// multiplied by. dh (or NULL: no gradients) is set, de added to.
double llm4rec_softmax(float *dh, float *de, const float *h, const float *e, const int32_t *targets, int rows, int classes,
                       int d, float scale, float *workspace);
int64_t llm4rec_softmax_workspace(int rows, int classes, int d);

// Rows of a sampled loss: see gpu.Sampling. Returns the sum of the losses. slopes (rows×classes) become the derivatives by
// the scores, times scale; dh is set if it is not NULL.
typedef struct {
	const float *h, *e, *bias; // bias or NULL
	int d, classes, logistic;
	float beta, scale;
} llm4rec_sampling;
double llm4rec_sampled(float *dh, float *slopes, const int32_t *ids, int64_t first, int64_t rows, llm4rec_sampling p);
// The gradient by the rows from … to−1 of e.
void llm4rec_sampled_rows(float *de, const float *slopes, const int32_t *ids, int64_t rows, int32_t from, int32_t to,
                          llm4rec_sampling p);

typedef struct {
	float rate, beta1, beta2, epsilon, decay, clip, unbias1, unbias2;
} llm4rec_adam_step;
void llm4rec_adam(float *w, const float *g, float *m, float *v, llm4rec_adam_step p, int64_t n);
