//go:build cgo && faiss && nvidia && faissgpu

// The functions of FAISS's C API that copy an index to GPUs. FAISS ends the process when a call to CUDA fails, unless it was
// for memory: what can be asked beforehand is asked here.
#include "guard.h"
#include "native.h"

#include <cuda_runtime_api.h>
#include <faiss/IndexIDMap.h>
#include <faiss/IndexIVFPQR.h>
#include <faiss/IndexPreTransform.h>
#include <faiss/IndexReplicas.h>
#include <faiss/IndexShards.h>
#include <faiss/c_api/gpu/DeviceUtils_c.h>
#include <faiss/c_api/gpu/GpuAutoTune_c.h>
#include <faiss/c_api/gpu/GpuClonerOptions_c.h>
#include <faiss/c_api/gpu/StandardGpuResources_c.h>
#include <faiss/gpu/GpuCloner.h>
#include <faiss/gpu/GpuIndex.h>
#include <faiss/gpu/StandardGpuResources.h>

#include <memory>
#include <stdexcept>
#include <vector>

using namespace llm4rec;

namespace {

using Provider = faiss::gpu::GpuResourcesProvider;
using Resources = faiss::gpu::StandardGpuResources;
using Options = faiss::gpu::GpuClonerOptions;
using MultipleOptions = faiss::gpu::GpuMultipleClonerOptions;

void require(cudaError_t code) {
	if (code != cudaSuccess) throw std::runtime_error(cudaGetErrorString(code));
}

Resources *of(FaissStandardGpuResources *r) { return static_cast<Resources *>(reinterpret_cast<Provider *>(r)); }

// FAISS leaves on the CPU what it has no kernels for, and copies of an IVFPQR only what is before the refinement.
bool searched_by_gpus(const faiss::Index *x) {
	if (auto outer = dynamic_cast<const faiss::IndexPreTransform *>(x)) return searched_by_gpus(outer->index);
	if (auto outer = dynamic_cast<const faiss::IndexIDMap *>(x)) return searched_by_gpus(outer->index);
	if (auto outer = dynamic_cast<const faiss::IndexReplicas *>(x)) return searched_by_gpus(outer->at(0));
	if (auto outer = dynamic_cast<const faiss::IndexShards *>(x)) return searched_by_gpus(outer->at(0));
	return dynamic_cast<const faiss::gpu::GpuIndex *>(x);
}

bool is_refined(const faiss::Index *x) {
	if (auto outer = dynamic_cast<const faiss::IndexPreTransform *>(x)) return is_refined(outer->index);
	return dynamic_cast<const faiss::IndexIVFPQR *>(x);
}

// copied gives what copy made of an index, if GPUs search it.
template <typename F> int copied(FaissGpuIndex **out, const FaissIndex *index, F copy) {
	return guarded([&] {
		auto from = reinterpret_cast<const faiss::Index *>(index);
		std::unique_ptr<faiss::Index> made(is_refined(from) ? nullptr : copy(from));
		if (!searched_by_gpus(made.get())) throw std::runtime_error("FAISS has no such index on GPUs");
		give(out, made.release());
	});
}

} // namespace

extern "C" {

int llm4rec_faiss_gpu_fits(int device) {
	return guarded([&] {
		int major = 0, minor = 0;
		require(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device));
		require(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device));
		int has = 10 * major + minor;
		if (has < LLM4REC_FAISS_ARCH) {
			throw std::runtime_error("GPU " + std::to_string(device) + " is of architecture " + std::to_string(has) +
				", FAISS was built for " + std::to_string(LLM4REC_FAISS_ARCH) + " and later: 'make faiss-gpu ARCHS=" +
				std::to_string(has) + "' builds it anew");
		}
	});
}

// Not faiss::gpu::getNumDevices, which ends the process where there is no driver.
int faiss_get_num_gpus(int *out) {
	return guarded([&] { require(cudaGetDeviceCount(out)); });
}

int faiss_StandardGpuResources_new(FaissStandardGpuResources **out) {
	return guarded([&] { give<Provider>(out, new Resources()); });
}

void faiss_StandardGpuResources_free(FaissStandardGpuResources *r) { release<Provider>(r); }

int faiss_StandardGpuResources_setTempMemory(FaissStandardGpuResources *r, size_t bytes) {
	return guarded([&] { of(r)->setTempMemory(bytes); });
}

int faiss_StandardGpuResources_noTempMemory(FaissStandardGpuResources *r) {
	return guarded([&] { of(r)->noTempMemory(); });
}

int faiss_GpuMultipleClonerOptions_new(FaissGpuMultipleClonerOptions **out) {
	return guarded([&] { give(out, new MultipleOptions()); });
}

void faiss_GpuMultipleClonerOptions_free(FaissGpuMultipleClonerOptions *o) { release<MultipleOptions>(o); }

void faiss_GpuMultipleClonerOptions_set_shard(FaissGpuMultipleClonerOptions *o, int yes) {
	reinterpret_cast<MultipleOptions *>(o)->shard = yes;
}

void faiss_GpuClonerOptions_set_useFloat16(FaissGpuClonerOptions *o, int yes) {
	reinterpret_cast<Options *>(o)->useFloat16 = yes;
}

int faiss_index_cpu_to_gpu_with_options(FaissGpuResourcesProvider *resources, int device, const FaissIndex *index,
	const FaissGpuClonerOptions *options, FaissGpuIndex **out) {
	return copied(out, index, [&](const faiss::Index *from) {
		return faiss::gpu::index_cpu_to_gpu(reinterpret_cast<Provider *>(resources), device, from,
			reinterpret_cast<const Options *>(options));
	});
}

int faiss_index_cpu_to_gpu_multiple_with_options(FaissGpuResourcesProvider *const *resources, size_t providers,
	const int *devices, size_t count, const FaissIndex *index, const FaissGpuMultipleClonerOptions *options,
	FaissGpuIndex **out) {
	return copied(out, index, [&](const faiss::Index *from) {
		auto first = reinterpret_cast<Provider *const *>(resources);
		std::vector<Provider *> all(first, first + providers);
		std::vector<int> numbers(devices, devices + count);
		return faiss::gpu::index_cpu_to_gpu_multiple(all, numbers, from, reinterpret_cast<const MultipleOptions *>(options));
	});
}

} // extern "C"
