#include <functional>

// Runs f once for every thread of a block, in threadIdx.
void run_block(int threads, const std::function<void()> &f);
