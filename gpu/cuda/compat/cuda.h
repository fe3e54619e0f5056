// cuda.h as gorgonia.org/cu expects it, for the headers of CUDA 13: some functions are again what they were up to CUDA
// 12, which the driver has kept. To use it, put this folder first: CGO_CFLAGS=-I…/gpu/cuda/compat.
#ifndef LLM4REC_COMPAT_CUDA_H
#define LLM4REC_COMPAT_CUDA_H
#include_next <cuda.h>
#if CUDA_VERSION >= 13000
#undef cuCtxCreate
#define cuCtxCreate cuCtxCreate_v2
CUresult CUDAAPI cuCtxCreate_v2(CUcontext *ctx, unsigned int flags, CUdevice device);
#undef cuMemAdvise
CUresult CUDAAPI cuMemAdvise(CUdeviceptr p, size_t count, CUmem_advise advice, CUdevice device);
#undef cuMemPrefetchAsync
CUresult CUDAAPI cuMemPrefetchAsync(CUdeviceptr p, size_t count, CUdevice device, CUstream stream);
#undef cuGraphAddDependencies
CUresult CUDAAPI cuGraphAddDependencies(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to, size_t count);
#undef cuGraphGetEdges
CUresult CUDAAPI cuGraphGetEdges(CUgraph graph, CUgraphNode *from, CUgraphNode *to, size_t *count);
#endif
#endif
