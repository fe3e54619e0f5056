// The functions of the CUDA driver that package cuda calls, for a machine without a GPU. Device memory is the host's; it
// is poisoned with NaN, and ends at a page that cannot be touched. LLM4REC_EMULATED_BYTES is how much there is of it,
// LLM4REC_EMULATED_FAULT the number of the launch, in a context, from which on all fail, as on a GPU that got lost.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <chrono>
#include <map>

#include "emulated.h"
#include "fibers.h"
#include "kernels.h"

enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_FOUND = 500, LAUNCH_FAILED = 719 };

using address = unsigned long long;

static const size_t page = 4096, unit = 512; // sizes are rounded up to a unit

struct mapping {
	void *base;
	size_t length, size;
};
static std::map<address, mapping> memory;
static size_t used;
static long launches;
static bool lost;

static long setting(const char *name, long otherwise) {
	const char *text = getenv(name);
	return text && *text ? atol(text) : otherwise;
}

static size_t total() { return setting("LLM4REC_EMULATED_BYTES", 8l << 30); }

#define API extern "C" __attribute__((visibility("default"))) int

API cuInit(unsigned) { return SUCCESS; }
API cuDriverGetVersion(int *v) { return *v = 12040, SUCCESS; }
API cuDeviceGetCount(int *n) { return *n = 1, SUCCESS; }
API cuDeviceGet(int *d, int n) { return *d = n, n == 0 ? SUCCESS : 101; }
API cuDeviceGetName(char *name, int n, int) { return strncpy(name, "emulated GPU", n), SUCCESS; }
API cuDeviceGetAttribute(int *value, int attribute, int) {
	*value = attribute == 75 ? 9 : 0; // compute capability 9.0
	return SUCCESS;
}
API cuDeviceTotalMem_v2(size_t *n, int) { return *n = total(), SUCCESS; }
API cuDevicePrimaryCtxRetain(void **context, int) {
	launches = 0, lost = false;
	return *context = (void *)1, SUCCESS;
}
API cuDevicePrimaryCtxRelease_v2(int) { return SUCCESS; }
API cuCtxSetCurrent(void *) { return SUCCESS; }
API cuMemGetInfo_v2(size_t *free, size_t *all) { return *free = total() - used, *all = total(), SUCCESS; }

API cuMemAlloc_v2(address *p, size_t n) {
	size_t size = (n + unit - 1) / unit * unit, length = (size + page - 1) / page * page;
	if (n == 0) return INVALID_VALUE;
	if (used + size > total()) return OUT_OF_MEMORY;
	char *base = (char *)mmap(nullptr, length + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED || mprotect(base + length, page, PROT_NONE)) return OUT_OF_MEMORY;
	memset(base, 0xff, length);
	*p = (address)(base + length - size);
	memory[*p] = {base, length + page, size};
	used += size;
	return SUCCESS;
}

API cuMemFree_v2(address p) {
	auto found = memory.find(p);
	if (found == memory.end()) return INVALID_VALUE;
	munmap(found->second.base, found->second.length);
	used -= found->second.size;
	memory.erase(found);
	return SUCCESS;
}

static int copied(void *to, const void *from, size_t n) {
	if (lost) return LAUNCH_FAILED;
	memcpy(to, from, n);
	return SUCCESS;
}
API cuMemcpyHtoDAsync_v2(address to, const void *from, size_t n, void *) { return copied((void *)to, from, n); }
API cuMemcpyDtoHAsync_v2(void *to, address from, size_t n, void *) { return copied(to, (void *)from, n); }
API cuMemcpyDtoDAsync_v2(address to, address from, size_t n, void *) { return copied((void *)to, (void *)from, n); }
API cuMemsetD32Async(address p, unsigned x, size_t n, void *) {
	for (size_t i = 0; i < n; i++) ((unsigned *)p)[i] = x;
	return SUCCESS;
}

API cuStreamCreate(void **s, unsigned) { return *s = (void *)1, SUCCESS; }
API cuStreamDestroy_v2(void *) { return SUCCESS; }
API cuStreamSynchronize(void *) { return lost ? LAUNCH_FAILED : SUCCESS; }

// Everything is over when a call returns: an event is the time at which it was recorded.
using moment = std::chrono::steady_clock::time_point;
API cuEventCreate(void **e, unsigned) { return *e = new moment, SUCCESS; }
API cuEventDestroy_v2(void *e) { return delete (moment *)e, SUCCESS; }
API cuEventRecord(void *e, void *) { return *(moment *)e = std::chrono::steady_clock::now(), SUCCESS; }
API cuEventSynchronize(void *) { return SUCCESS; }
API cuEventElapsedTime(float *ms, void *from, void *to) {
	*ms = std::chrono::duration<float, std::milli>(*(moment *)to - *(moment *)from).count();
	return SUCCESS;
}

API cuModuleLoadData(void **m, const void *) { return *m = (void *)1, SUCCESS; }
API cuModuleUnload(void *) { return SUCCESS; }

// There is but one module here: a kernel is found whichever it is asked for.
API cuModuleGetFunction(const void **f, void *, const char *name) {
	*f = find_kernel(name);
	return *f ? SUCCESS : NOT_FOUND;
}

API cuLaunchKernel(const void *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
                   void *, void **parameters, void **) {
	if (gx == 0 || gy == 0 || gy > 65535 || gz != 1 || bx == 0 || bx > 1024 || by != 1 || bz != 1 || shared != 0) return INVALID_VALUE;
	lost = lost || ++launches >= setting("LLM4REC_EMULATED_FAULT", INT64_MAX);
	if (lost) return LAUNCH_FAILED;
	gridDim = {gx, gy, gz}, blockDim = {bx, by, bz};
	std::function<void()> body = [&] { (*(const kernel *)f)(parameters); };
	for (unsigned y = 0; y < gy; y++)
		for (unsigned x = 0; x < gx; x++) blockIdx = {x, y, 0}, run_block(bx, body);
	return SUCCESS;
}

API cuGetErrorString(int, const char **text) { return *text = "an error of the emulated driver", SUCCESS; }
