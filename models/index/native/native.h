#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

void llm4rec_faiss_threads(int n);
int64_t llm4rec_faiss_live(void);
int64_t llm4rec_faiss_bytes(const void *index);
int llm4rec_faiss_gpu_fits(int device);

#ifdef __cplusplus
}
#endif
