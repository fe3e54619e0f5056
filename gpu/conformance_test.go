package gpu_test

import (
	"testing"

	"llm4rec/gpu"
	"llm4rec/gpu/gputest"
)

// The reference compared with itself: what it finds is memory that is not given back, results that are not the same
// twice, solutions that do not solve, and mistakes of the suite.
func TestReferenceConforms(t *testing.T) {
	gputest.Run(t, func(*testing.T) gpu.Device { return gpu.Reference() })
}

func TestCPUConforms(t *testing.T) {
	gputest.Run(t, func(*testing.T) gpu.Device { return gpu.CPU() })
}
