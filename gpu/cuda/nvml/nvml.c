//go:build nvidia

#include "nvml.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct llm4rec_nvml {
	void *device;
	int (*energy)(void *, unsigned long long *);
	const char *(*text)(int);
};

// The reason without the path of a file, which tells of the machine.
static const char *reason(const char *library) {
	const char *message = dlerror(), *name = strrchr(library, '/');
	const char *at = message ? strstr(message, name ? name + 1 : library) : NULL;
	return at ? at : "the library cannot be loaded";
}

llm4rec_nvml *llm4rec_nvml_open(const char *library, const char *pci, char *text, size_t size) {
	void *l = dlopen(library, RTLD_NOW | RTLD_LOCAL); // it stays, as what it gives does
	if (!l) {
		snprintf(text, size, "%s", reason(library));
		return NULL;
	}
	int (*init)(void) = (int (*)(void))dlsym(l, "nvmlInit_v2");
	int (*find)(const char *, void **) = (int (*)(const char *, void **))dlsym(l, "nvmlDeviceGetHandleByPciBusId_v2");
	llm4rec_nvml d = {
		.energy = (int (*)(void *, unsigned long long *))dlsym(l, "nvmlDeviceGetTotalEnergyConsumption"),
		.text = (const char *(*)(int))dlsym(l, "nvmlErrorString"),
	};
	int status = 0;
	if (!init || !find || !d.energy || !d.text) {
		snprintf(text, size, "the driver's NVML is too old: it has no counter of energy");
	} else if ((status = init()) || (status = find(pci, &d.device))) {
		snprintf(text, size, "%s (status %d)", d.text(status), status);
	} else {
		llm4rec_nvml *out = malloc(sizeof *out);
		if (!out) abort();
		*out = d;
		return out;
	}
	return NULL;
}

const char *llm4rec_nvml_energy(llm4rec_nvml *d, unsigned long long *millijoules) {
	int status = d->energy(d->device, millijoules);
	return status ? d->text(status) : NULL;
}
