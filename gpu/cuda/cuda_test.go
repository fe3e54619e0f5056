//go:build nvidia

package cuda_test

import (
	"testing"

	"llm4rec/gpu"
	"llm4rec/gpu/cuda"
	"llm4rec/gpu/gputest"
)

// open returns the first GPU, or the emulated one.
func open(t *testing.T) gpu.Device {
	d, err := cuda.Open(0)
	if err != nil {
		t.Skip(err)
	}
	t.Log(d.About())
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestConforms(t *testing.T) { gputest.Run(t, open) }
