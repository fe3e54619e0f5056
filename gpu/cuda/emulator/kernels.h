#include <functional>

using kernel = std::function<void(void **parameters)>;

// Null where there is none of that name.
const kernel *find_kernel(const char *name);
