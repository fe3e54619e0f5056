//go:build nvidia

#include "driver.h"

#include <dlfcn.h>
#include <stddef.h>

// Errors of the driver (cuda.h, CUresult).
enum { NOT_INITIALIZED = 3, NOT_FOUND = 500 };

static int not_initialized(void) { return NOT_INITIALIZED; }
static int not_found(void) { return NOT_FOUND; }

// A slot for every function, where its trampoline jumps to with registers and stack as they are.
#define SYMBOL(name) __attribute__((visibility("hidden"))) void *llm4rec_##name = (void *)not_initialized;
#include "symbols.h"
#undef SYMBOL

#if defined(__x86_64__)
#define JUMP(name) "jmp *llm4rec_" #name "(%rip)\n"
#elif defined(__aarch64__)
#define JUMP(name) "adrp x16, llm4rec_" #name "\nldr x16, [x16, :lo12:llm4rec_" #name "]\nbr x16\n"
#else
#error "no trampoline for this machine"
#endif

#define SYMBOL(name) \
	__asm__(".text\n.globl " #name "\n.type " #name ", @function\n" #name ":\n" JUMP(name) ".size " #name ", .-" #name "\n");
#include "symbols.h"
#undef SYMBOL

int cuInit(unsigned flags) { return 0; }

static const struct {
	const char *name;
	void **slot;
} slots[] = {
#define SYMBOL(name) {#name, &llm4rec_##name},
#include "symbols.h"
#undef SYMBOL
};

const char *llm4rec_driver_init(int *status) {
	*status = 0;
	void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);
	if (!library) return dlerror();
	int (*init)(unsigned) = (int (*)(unsigned))dlsym(library, "cuInit");
	if (!init) return "libcuda.so.1 has no cuInit";
	for (size_t n = 0; n < sizeof slots / sizeof *slots; n++) {
		void *found = dlsym(library, slots[n].name);
		*slots[n].slot = found ? found : (void *)not_found;
	}
	*status = init(0);
	int (*text)(int, const char **) = (int (*)(int, const char **))dlsym(library, "cuGetErrorString");
	const char *message = NULL;
	if (*status && (!text || text(*status, &message))) return "unknown error";
	return message;
}
