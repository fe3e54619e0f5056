//go:build !nvidia

package cuda

import (
	"fmt"

	"llm4rec/gpu"
)

// Open fails: this program was built without the tag.
func Open(int) (gpu.Device, error) {
	return nil, fmt.Errorf("cuda: %w: this program was built without CUDA; 'make gpu' builds it with", gpu.ErrNoDevice)
}
