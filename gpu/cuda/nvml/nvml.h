#include <stddef.h>

typedef struct llm4rec_nvml llm4rec_nvml;

// Loads the library and finds a GPU by its place on the PCI bus. NULL with a text where it cannot be.
llm4rec_nvml *llm4rec_nvml_open(const char *library, const char *pci, char *text, size_t size);

// Reads the counter, in millijoules. Returns NULL, or what is wrong.
const char *llm4rec_nvml_energy(llm4rec_nvml *d, unsigned long long *millijoules);
