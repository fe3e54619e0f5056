//go:build cgo && faiss

#include <stdlib.h>

// Idle workers of libgomp spin for milliseconds, and take from OpenBLAS the cores that FAISS waits for: a flat index
// searched at 65 to 79 Gflop/s on two cores, and at 164 with workers that sleep. libgomp reads the variable before main,
// so Go's os.Setenv is too late. What the user has set stays.
__attribute__((constructor(101))) static void idle_workers_sleep() { setenv("OMP_WAIT_POLICY", "passive", 0); }
