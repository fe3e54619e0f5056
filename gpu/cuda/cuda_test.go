//go:build nvidia

package cuda_test

import (
	"os"
	"testing"

	"llm4rec/gpu"
	"llm4rec/gpu/cuda"
	"llm4rec/gpu/gputest"
)

// open returns the first GPU, or the emulated one. Where there is none the test is skipped, unless one is required.
func open(t *testing.T) gpu.Device {
	t.Helper()
	d, err := cuda.Open(0)
	if err != nil {
		if os.Getenv("LLM4REC_CUDA") == "required" {
			t.Fatal(err)
		}
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
