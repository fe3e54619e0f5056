// The kernels themselves, compiled for the CPU, by name.
#include "kernels.h"

#include <string.h>

#include <utility>

#include "../kernels/attention.cu"
#include "../kernels/dense.cu"
#include "../kernels/leastsquares.cu"
#include "../kernels/losses.cu"
#include "../kernels/neural.cu"
#include "../kernels/random.cu"
#include "../kernels/recurrent.cu"
#include "../kernels/rows.cu"
#include "../kernels/topk.cu"

// call gives a kernel its parameters, as the driver gets them: a pointer to each.
template <class... A, size_t... N> static void apply(void (*kernel)(A...), void **p, std::index_sequence<N...>) {
	kernel(*(A *)p[N]...);
}

template <class... A> static kernel call(void (*f)(A...)) {
	return [f](void **p) { apply(f, p, std::index_sequence_for<A...>()); };
}

static const struct {
	const char *name;
	kernel call;
} kernels[] = {
#define K(name) {#name, call(name)}
	K(gather), K(scatter_count), K(scan), K(scatter_place), K(scatter_add), K(widen), K(squared_norm), K(topk), K(uniform),
	K(normal), K(gram_add), K(gram_finish), K(scale), K(cholesky), K(cg_128), K(cg_256), K(cg_512), K(cg_1024),
	K(cg_joined), K(normal_matrix), K(right_side), K(observed_loss), K(add_scaled), K(add_row), K(activate), K(activate_grad), K(drop),
	K(adam), K(column_parts), K(column_finish), K(layer_norm), K(layer_norm_grad), K(layer_norm_parts), K(attend),
	K(attend_grad_queries), K(attend_grad_keys), K(count_targets), K(mean_loss), K(cross_entropy), K(sampled),
	K(sampled_classes), K(recur), K(states_before), K(recur_grad),
};

const kernel *find_kernel(const char *name) {
	for (auto &k : kernels)
		if (!strcmp(k.name, name)) return &k.call;
	return nullptr;
}
