//go:build cgo && faiss

// The functions of FAISS's C API that go-faiss calls.
#include "guard.h"
#include "native.h"

#include <faiss/AutoTune.h>
#include <faiss/IndexFlat.h>
#include <faiss/c_api/AutoTune_c.h>
#include <faiss/c_api/IndexFlat_c.h>
#include <faiss/c_api/impl/AuxIndexStructures_c.h>
#include <faiss/c_api/index_factory_c.h>
#include <faiss/c_api/index_io_c.h>
#include <faiss/impl/AuxIndexStructures.h>
#include <faiss/impl/IDSelector.h>
#include <faiss/impl/io.h>
#include <faiss/index_factory.h>
#include <faiss/index_io.h>
#include <omp.h>

extern "C" void openblas_set_num_threads(int);

using namespace llm4rec;

namespace {

thread_local int threads = 1;

// The threads of a call, for as long as it lasts. OpenMP's number is the calling thread's own. The BLAS's is the process's,
// whose own products want one thread each, so a call that has one itself does not touch it.
struct Threads {
	Threads() {
		omp_set_num_threads(threads);
		if (threads > 1) openblas_set_num_threads(threads);
	}
	~Threads() {
		if (threads > 1) openblas_set_num_threads(1);
	}
};

faiss::Index *of(FaissIndex *x) { return reinterpret_cast<faiss::Index *>(x); }
const faiss::Index *of(const FaissIndex *x) { return reinterpret_cast<const faiss::Index *>(x); }
faiss::RangeSearchResult *of(FaissRangeSearchResult *x) { return reinterpret_cast<faiss::RangeSearchResult *>(x); }
const faiss::RangeSearchResult *of(const FaissRangeSearchResult *x) {
	return reinterpret_cast<const faiss::RangeSearchResult *>(x);
}

struct Counter : faiss::IOWriter {
	int64_t bytes = 0;
	size_t operator()(const void *, size_t size, size_t n) override {
		bytes += size * n;
		return n;
	}
};

} // namespace

extern "C" {

void llm4rec_faiss_threads(int n) { threads = n; }

int64_t llm4rec_faiss_live(void) { return live; }

int64_t llm4rec_faiss_bytes(const void *index) {
	Counter c;
	int code = guarded([&] { faiss::write_index(static_cast<const faiss::Index *>(index), &c); });
	return code ? -1 : c.bytes;
}

const char *faiss_get_last_error() { return last_error.c_str(); }

int faiss_index_factory(FaissIndex **out, int d, const char *description, FaissMetricType metric) {
	return guarded([&] { give(out, faiss::index_factory(d, description, static_cast<faiss::MetricType>(metric))); });
}

void faiss_Index_free(FaissIndex *x) { release<faiss::Index>(x); }
int faiss_Index_d(const FaissIndex *x) { return of(x)->d; }
int faiss_Index_is_trained(const FaissIndex *x) { return of(x)->is_trained; }
idx_t faiss_Index_ntotal(const FaissIndex *x) { return of(x)->ntotal; }
FaissMetricType faiss_Index_metric_type(const FaissIndex *x) { return static_cast<FaissMetricType>(of(x)->metric_type); }

int faiss_Index_train(FaissIndex *x, idx_t n, const float *v) {
	Threads t;
	return guarded([&] { of(x)->train(n, v); });
}

int faiss_Index_add(FaissIndex *x, idx_t n, const float *v) {
	Threads t;
	return guarded([&] { of(x)->add(n, v); });
}

int faiss_Index_add_with_ids(FaissIndex *x, idx_t n, const float *v, const idx_t *ids) {
	Threads t;
	return guarded([&] { of(x)->add_with_ids(n, v, ids); });
}

int faiss_Index_search(const FaissIndex *x, idx_t n, const float *v, idx_t k, float *distances, idx_t *labels) {
	Threads t;
	return guarded([&] { of(x)->search(n, v, k, distances, labels); });
}

int faiss_Index_range_search(const FaissIndex *x, idx_t n, const float *v, float radius, FaissRangeSearchResult *out) {
	Threads t;
	return guarded([&] { of(x)->range_search(n, v, radius, of(out)); });
}

int faiss_Index_reset(FaissIndex *x) {
	return guarded([&] { of(x)->reset(); });
}

int faiss_Index_remove_ids(FaissIndex *x, const FaissIDSelector *s, size_t *removed) {
	return guarded([&] { *removed = of(x)->remove_ids(*reinterpret_cast<const faiss::IDSelector *>(s)); });
}

int faiss_IDSelectorRange_new(FaissIDSelectorRange **out, idx_t lo, idx_t hi) {
	return guarded([&] { give<faiss::IDSelector>(out, new faiss::IDSelectorRange(lo, hi)); });
}

int faiss_IDSelectorBatch_new(FaissIDSelectorBatch **out, size_t n, const idx_t *ids) {
	return guarded([&] { give<faiss::IDSelector>(out, new faiss::IDSelectorBatch(n, ids)); });
}

void faiss_IDSelector_free(FaissIDSelector *s) { release<faiss::IDSelector>(s); }

int faiss_RangeSearchResult_new(FaissRangeSearchResult **out, idx_t n) {
	return guarded([&] { give(out, new faiss::RangeSearchResult(n)); });
}

void faiss_RangeSearchResult_free(FaissRangeSearchResult *r) { release<faiss::RangeSearchResult>(r); }
size_t faiss_RangeSearchResult_nq(const FaissRangeSearchResult *r) { return of(r)->nq; }
void faiss_RangeSearchResult_lims(FaissRangeSearchResult *r, size_t **lims) { *lims = of(r)->lims; }
void faiss_RangeSearchResult_labels(FaissRangeSearchResult *r, idx_t **labels, float **distances) {
	*labels = of(r)->labels, *distances = of(r)->distances;
}

int faiss_IndexFlat_new_with(FaissIndexFlat **out, idx_t d, FaissMetricType metric) {
	return guarded([&] { give<faiss::Index>(out, new faiss::IndexFlat(d, static_cast<faiss::MetricType>(metric))); });
}

void faiss_IndexFlat_xb(FaissIndexFlat *x, float **xb, size_t *size) {
	auto flat = static_cast<faiss::IndexFlat *>(of(x));
	*xb = flat->get_xb(), *size = flat->ntotal * flat->d;
}

FaissIndexFlat *faiss_IndexFlat_cast(FaissIndex *x) { return dynamic_cast<faiss::IndexFlat *>(of(x)) ? x : nullptr; }

int faiss_ParameterSpace_new(FaissParameterSpace **out) {
	return guarded([&] { give(out, new faiss::ParameterSpace()); });
}

void faiss_ParameterSpace_free(FaissParameterSpace *p) { release<faiss::ParameterSpace>(p); }

int faiss_ParameterSpace_set_index_parameter(const FaissParameterSpace *p, FaissIndex *x, const char *name, double value) {
	return guarded([&] { reinterpret_cast<const faiss::ParameterSpace *>(p)->set_index_parameter(of(x), name, value); });
}

int faiss_write_index_fname(const FaissIndex *x, const char *file) {
	return guarded([&] { faiss::write_index(of(x), file); });
}

int faiss_read_index_fname(const char *file, int flags, FaissIndex **out) {
	return guarded([&] { give(out, faiss::read_index(file, flags)); });
}

} // extern "C"
