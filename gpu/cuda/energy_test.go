//go:build nvidia

package cuda_test

import (
	"testing"
	"time"

	"llm4rec/gpu"
)

// The counter of the GPU's board goes on, and of the emulated one at 50 W.
func TestJoules(t *testing.T) {
	d := emulated(t).(gpu.Metered)
	first, err := d.Joules()
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	if second, err := d.Joules(); err != nil || second-first < 50*.04 {
		t.Errorf("%v J, %v", second-first, err)
	}
}
