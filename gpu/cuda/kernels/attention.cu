// Scaled dot-product attention: see gpu.Attention. The weights are never in memory: softmax is made while going along the
// keys (Milakov & Gimelshein, Online Normalizer Calculation for Softmax, 2018), and the backward way makes the weights
// anew (Dao et al., FlashAttention, NeurIPS 2022).
//
// A block holds ROWS queries, or keys, of a head of a sequence, and meets ROWS of the others at a time. Of the ROWS×ROWS
// scores between them a warp has the rows of HELD that the block holds, a lane those of one that it meets: a number read
// from shared memory serves HELD products. What a block adds up is its own, in ascending order.
//
// Of a head wider than SLICE, blockIdx.y is the slice of the result, for which all scores are made again.
#include "common.cuh"

#define ROWS 32
#define HELD 4
#define SLICE 64

// One head's queries, keys, values or gradients in a sequence.
struct part {
	const float *at;
	i64 stride, count, width;
};

typedef float4 held_slice[ROWS / HELD + 1]; // a column of the rows held; + 1 for the banks of shared memory
typedef float met_slice[SLICE + 1];         // a row of those met

__device__ inline float element(part x, i64 row, i64 col) { return row < x.count && col < x.width ? x.at[row * x.stride + col] : 0; }

__device__ inline void stage_held(held_slice *to, part x, i64 from, i64 lo) {
	for (int t = threadIdx.x; t < ROWS * SLICE; t += blockDim.x) {
		int row = t / SLICE, l = t % SLICE;
		((float *)&to[l][row / HELD])[row % HELD] = element(x, from + row, lo + l);
	}
}

__device__ inline void stage_met(met_slice *to, part x, i64 from, i64 lo) {
	for (int t = threadIdx.x; t < ROWS * SLICE; t += blockDim.x) to[t / SLICE][t % SLICE] = element(x, from + t / SLICE, lo + t % SLICE);
}

// out[n] is the inner product of row from + HELD·warp + n of x, and row other + lane of y. Where a head is one slice, held
// keeps it after the first time.
__device__ inline void products(float *out, held_slice *held, part x, i64 from, bool first, met_slice *met, part y, i64 other) {
	int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
	for (int n = 0; n < HELD; n++) out[n] = 0;
	for (i64 lo = 0; lo < x.width; lo += SLICE) {
		__syncthreads();
		if (first || x.width > SLICE) stage_held(held, x, from, lo);
		stage_met(met, y, other, lo);
		__syncthreads();
		int wide = (int)(x.width - lo < SLICE ? x.width - lo : SLICE);
#pragma unroll 8
		for (int l = 0; l < wide; l++) {
			float4 a = held[l][warp];
			float b = met[lane][l];
			out[0] += a.x * b, out[1] += a.y * b, out[2] += a.z * b, out[3] += a.w * b;
		}
	}
}

// sum[n][m] += Σ over the rows of y that are met of weights[row].n times column lo + lane + 32·m.
__device__ inline void add_weighted(float (*sum)[SLICE / WARP], const float4 *weights, met_slice *met, part y, i64 other, i64 lo) {
	int lane = threadIdx.x % WARP;
	__syncthreads();
	stage_met(met, y, other, lo);
	__syncthreads();
#pragma unroll 8
	for (int row = 0; row < ROWS; row++) {
		float4 w = weights[row];
		for (int m = 0; m < SLICE / WARP; m++) {
			float v = met[row][lane + m * WARP];
			sum[0][m] += w.x * v, sum[1][m] += w.y * v, sum[2][m] += w.z * v, sum[3][m] += w.w * v;
		}
	}
}

// What a block is about.
struct place {
	i64 first, count; // rows of the sequence
	i64 head, heads, width;
	i64 from;  // the first row that it holds, in the sequence
	i64 slice; // the first column of its result, in the head
	bool causal;
};

__device__ inline place place_of(const int *starts, i64 heads, i64 width, i64 causal, i64 tiles) {
	i64 sequence = blockIdx.x / tiles / heads, first = starts[sequence];
	return {first, starts[sequence + 1] - first, blockIdx.x / tiles % heads, heads, width, blockIdx.x % tiles * ROWS,
	        (i64)blockIdx.y * SLICE, causal != 0};
}

// which = 0 is the queries, 1 the keys, 2 the values.
__device__ inline part part_of(place p, const float *qkv, int which) {
	i64 d = p.heads * p.width;
	return {qkv + p.first * 3 * d + which * d + p.head * p.width, 3 * d, p.count, p.width};
}

__device__ inline part gradient_of(place p, const float *dy) {
	i64 d = p.heads * p.width;
	return {dy + p.first * d + p.head * p.width, d, p.count, p.width};
}

__device__ inline bool sees(place p, i64 query, i64 key) { return query < p.count && key < p.count && (!p.causal || key <= query); }

struct dropout {
	i64 width; // weights of a row of numbers
	unsigned threshold;
	float scale;
	u64 seed, stream;
};

// The block of Philox of a weight.
__device__ inline u64 block_of(place p, dropout o, i64 query, i64 key) {
	return (u64)(((p.first + query) * p.heads + p.head) * o.width + key) / 8;
}

// What dropout multiplies the weights of the queries query, query + 1, … for key from + lane by. Lane 4·n + k draws for
// keys 8·k … of query n.
__device__ inline void factors_by_query(float *factors, place p, dropout o, i64 query, i64 from) {
	int lane = threadIdx.x % WARP;
	unsigned bits = 0xff;
	if (o.threshold) bits = kept(block_of(p, o, query + lane / 4 % HELD, from + lane % 4 * 8), o.stream, o.seed, o.threshold);
	for (int n = 0; n < HELD; n++) factors[n] = __shfl_sync(ALL_LANES, bits, 4 * n + lane / 8) >> lane % 8 & 1 ? o.scale : 0;
}

// As factors_by_query, for the keys key, key + 1, …, which share a block, and one query.
__device__ inline void factors_by_key(float *factors, place p, dropout o, i64 query, i64 key) {
	unsigned bits = 0xff;
	if (o.threshold) bits = kept(block_of(p, o, query, key), o.stream, o.seed, o.threshold);
	for (int n = 0; n < HELD; n++) factors[n] = bits >> (key % 8 + n) & 1 ? o.scale : 0;
}

// Softmax on its way along the keys.
struct running {
	float top, total; // total is Σ e^(score − top)
};

// Takes a score from every lane; returns e^(score − top), and sets shrink to what earlier ones are to be multiplied by. The
// first keys that a query meets include one that it sees, or it is beyond the sequence and nobody looks at it.
__device__ inline float advance(running *r, float score, float *shrink) {
	float top = fmaxf(r->top, warp_max(score)), weight = score > -INFINITY ? expf(score - top) : 0;
	*shrink = r->top > -INFINITY ? expf(r->top - top) : 0;
	*r = {top, r->total * *shrink + warp_sum(weight)};
	return weight;
}

// The end of the keys that the queries of a block see.
__device__ inline i64 last_key(place p) { return p.causal && p.from + ROWS < p.count ? p.from + ROWS : p.count; }

// The parameters that all kernels have.
#define COMMON                                                                                                           \
	const float *qkv, const int *starts, i64 heads, i64 width, i64 causal, i64 tiles, i64 numbers, i64 threshold,         \
		double scale, u64 seed, u64 stream
#define SETUP                                                                                                            \
	place p = place_of(starts, heads, width, causal, tiles);                                                             \
	if (p.from >= p.count) return;                                                                                       \
	dropout o = {numbers, (unsigned)threshold, (float)scale, seed, stream};                                              \
	part q = part_of(p, qkv, 0), k = part_of(p, qkv, 1), v = part_of(p, qkv, 2);                                         \
	int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;                                                            \
	i64 mine = p.from + warp * HELD;                                                                                     \
	float root = 1 / sqrtf((float)width)

KERNEL(256) attend(float *y, COMMON) {
	__shared__ held_slice held[SLICE];
	__shared__ met_slice met[ROWS];
	__shared__ float4 weights[ROWS / HELD][ROWS];
	SETUP;
	running r[HELD];
	float sum[HELD][SLICE / WARP] = {};
	for (int n = 0; n < HELD; n++) r[n] = {-INFINITY, 0};
	for (i64 key = 0, end = last_key(p); key < end; key += ROWS) {
		float score[HELD], factor[HELD], weight[HELD], shrink;
		products(score, held, q, p.from, key == 0, met, k, key);
		factors_by_query(factor, p, o, mine, key);
		for (int n = 0; n < HELD; n++) {
			weight[n] = factor[n] * advance(&r[n], sees(p, mine + n, key + lane) ? score[n] * root : -INFINITY, &shrink);
			for (int m = 0; m < SLICE / WARP; m++) sum[n][m] *= shrink;
		}
		weights[warp][lane] = {weight[0], weight[1], weight[2], weight[3]};
		add_weighted(sum, weights[warp], met, v, key, p.slice);
	}
	for (int n = 0; n < HELD; n++)
		for (int m = 0; m < SLICE / WARP; m++) {
			i64 col = p.slice + lane + m * WARP;
			if (mine + n < p.count && col < width) y[((p.first + mine + n) * heads + p.head) * width + col] = sum[n][m] / r[n].total;
		}
}

// What the backward way keeps of a query and head, for its keys.
struct query {
	float top, total; // as of running
	float mean;       // Σ w·dw, the dw being the gradients by the weights w
};

// Writes rows of a gradient by queries, keys or values.
__device__ inline void put(place p, float *dqkv, int which, i64 from, const float (*sum)[SLICE / WARP], float times) {
	i64 d = p.heads * p.width;
	for (int n = 0; n < HELD; n++)
		for (int m = 0; m < SLICE / WARP; m++) {
			i64 col = p.slice + threadIdx.x % WARP + m * WARP;
			if (from + n < p.count && col < p.width)
				dqkv[(p.first + from + n) * 3 * d + which * d + p.head * p.width + col] = sum[n][m] * times;
		}
}

// The gradient by the queries: with f the factors of dropout, dw = f·dy·v; ds = w·(dw − Σ w·dw); dq = Σ ds·k/√width. It
// goes along the keys twice, for Σ w·dw comes first.
KERNEL(256) attend_grad_queries(float *dqkv, query *queries, const float *dy, COMMON) {
	__shared__ held_slice held[SLICE], held_gradient[SLICE];
	__shared__ met_slice met[ROWS];
	__shared__ float4 weights[ROWS / HELD][ROWS];
	SETUP;
	part g = gradient_of(p, dy);
	running r[HELD];
	float mean[HELD] = {}, sum[HELD][SLICE / WARP] = {};
	float score[HELD], slope[HELD], factor[HELD], ds[HELD], shrink;
	i64 end = last_key(p);
	for (int n = 0; n < HELD; n++) r[n] = {-INFINITY, 0};
	for (i64 key = 0; key < end; key += ROWS) {
		products(score, held, q, p.from, key == 0, met, k, key);
		products(slope, held_gradient, g, p.from, key == 0, met, v, key);
		factors_by_query(factor, p, o, mine, key);
		for (int n = 0; n < HELD; n++) {
			float weight = advance(&r[n], sees(p, mine + n, key + lane) ? score[n] * root : -INFINITY, &shrink);
			mean[n] = mean[n] * shrink + warp_sum(weight * factor[n] * slope[n]);
		}
	}
	for (int n = 0; n < HELD; n++) {
		mean[n] /= r[n].total;
		if (lane == 0 && p.slice == 0 && mine + n < p.count)
			queries[(p.first + mine + n) * heads + p.head] = {r[n].top, r[n].total, mean[n]};
	}
	for (i64 key = 0; key < end; key += ROWS) {
		products(score, held, q, p.from, false, met, k, key);
		products(slope, held_gradient, g, p.from, false, met, v, key);
		factors_by_query(factor, p, o, mine, key);
		for (int n = 0; n < HELD; n++) {
			float weight = sees(p, mine + n, key + lane) ? expf(score[n] * root - r[n].top) / r[n].total : 0;
			ds[n] = weight * (factor[n] * slope[n] - mean[n]);
		}
		weights[warp][lane] = {ds[0], ds[1], ds[2], ds[3]};
		add_weighted(sum, weights[warp], met, k, key, p.slice);
	}
	put(p, dqkv, 0, mine, sum, root);
}

// The gradients by keys and values: dk = Σ ds·q/√width, dv = Σ w·f·dy, over the queries that see the key.
KERNEL(256) attend_grad_keys(float *dqkv, const query *queries, const float *dy, COMMON) {
	__shared__ held_slice held[SLICE], held_value[SLICE];
	__shared__ met_slice met[ROWS];
	__shared__ float4 weights[ROWS / HELD][ROWS], slopes[ROWS / HELD][ROWS];
	SETUP;
	part g = gradient_of(p, dy);
	float by_key[HELD][SLICE / WARP] = {}, by_value[HELD][SLICE / WARP] = {};
	i64 begin = p.causal ? p.from : 0;
	for (i64 row = begin; row < p.count; row += ROWS) {
		float score[HELD], slope[HELD], factor[HELD], weight[HELD], ds[HELD];
		products(score, held, k, p.from, row == begin, met, q, row);
		products(slope, held_value, v, p.from, row == begin, met, g, row);
		factors_by_key(factor, p, o, row + lane, mine);
		for (int n = 0; n < HELD; n++) {
			weight[n] = ds[n] = 0;
			if (!sees(p, row + lane, mine + n)) continue;
			query of = queries[(p.first + row + lane) * heads + p.head];
			float w = expf(score[n] * root - of.top) / of.total;
			weight[n] = w * factor[n];
			ds[n] = w * (factor[n] * slope[n] - of.mean);
		}
		weights[warp][lane] = {weight[0], weight[1], weight[2], weight[3]};
		slopes[warp][lane] = {ds[0], ds[1], ds[2], ds[3]};
		add_weighted(by_value, weights[warp], met, g, row, p.slice);
		add_weighted(by_key, slopes[warp], met, q, row, p.slice);
	}
	put(p, dqkv, 1, mine, by_key, root);
	put(p, dqkv, 2, mine, by_value, 1);
}
