// The functions of NVML that package nvml calls, for a machine without a GPU. Its one board uses 50 W, whatever it does.
// LLM4REC_EMULATED_NVML=init, find or energy makes that call fail, as on a machine without a driver, of a board that is lost,
// or of one that has no counter.
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NOT_SUPPORTED = 3, NOT_FOUND = 6, DRIVER_NOT_LOADED = 9 };

static int fails(const char *call) {
	const char *named = getenv("LLM4REC_EMULATED_NVML");
	return named && !strcmp(named, call);
}

#define API __attribute__((visibility("default")))

API int nvmlInit_v2(void) { return fails("init") ? DRIVER_NOT_LOADED : 0; }

API int nvmlDeviceGetHandleByPciBusId_v2(const char *place, void **device) {
	*device = (void *)1;
	return fails("find") || strcmp(place, "00000000:00:00.0") ? NOT_FOUND : 0;
}

#ifndef WITHOUT_ENERGY // as before Volta's time
API int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *millijoules) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	*millijoules = 50ull * (unsigned long long)(t.tv_sec * 1000ll + t.tv_nsec / 1000000);
	return fails("energy") || device != (void *)1 ? NOT_SUPPORTED : 0;
}
#endif

API const char *nvmlErrorString(int status) {
	switch (status) {
	case NOT_SUPPORTED: return "Not Supported";
	case NOT_FOUND: return "Not Found";
	case DRIVER_NOT_LOADED: return "Driver Not Loaded";
	}
	return "Unknown Error";
}
