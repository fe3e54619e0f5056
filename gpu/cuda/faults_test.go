//go:build nvidia

package cuda_test

import (
	"errors"
	"strings"
	"testing"

	"llm4rec/gpu"
	"llm4rec/gpu/cuda"
)

// emulated returns the emulated GPU, which can be made to fail.
func emulated(t *testing.T) gpu.Device {
	t.Helper()
	d := open(t)
	if !strings.Contains(d.About(), "emulated") {
		t.Skip("a real GPU is not made to fail")
	}
	return d
}

const mib = 1 << 20

func TestOutOfMemory(t *testing.T) {
	t.Setenv("LLM4REC_EMULATED_BYTES", "10485760") // 10 MiB
	d := emulated(t)
	first, err := d.Alloc(6*mib/4, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Alloc(8*mib/4, 1)
	var full *gpu.OutOfMemory
	if !errors.As(err, &full) || full.Asked != 8*mib || full.Total != 10*mib || full.Free > 4*mib || full.Free < 3*mib {
		t.Errorf("got error %v, want one that says 8 MiB asked for, somewhat less than 4 of 10 MiB free", err)
	}
	if got := d.InUse(); got != 6*mib {
		t.Errorf("%d bytes are in use, want %d", got, 6*mib)
	}
	// What is idle is given back to the driver before memory runs out.
	d.Free(first)
	second, err := d.Alloc(8*mib/4, 1)
	if err != nil {
		t.Fatal(err)
	}
	// An operation that finds no room for its workspace leaves nothing behind.
	if err := d.ScatterAdd(second, gpu.Matrix{Cols: 1}, gpu.Ints{}); err != nil {
		t.Error(err)
	}
	rows, err := d.AllocInts(1)
	if err != nil {
		t.Fatal(err)
	}
	one, err := d.Alloc(1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.ScatterAdd(second, one, rows); !errors.As(err, &full) {
		t.Errorf("got error %v, want one of memory", err)
	}
	d.Free(second, rows, one)
	all, err := d.Alloc(8*mib/4, 1)
	if err != nil {
		t.Error(err)
	}
	d.Free(all)
}

// A device that is lost says so to whoever asks, and can be closed and opened anew.
func TestLost(t *testing.T) {
	t.Setenv("LLM4REC_EMULATED_FAULT", "3")
	d := emulated(t)
	m, err := d.Alloc(3, 5)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 4 {
		err := d.Uniform(m, gpu.Key{})
		if lost := n >= 2; lost != (err != nil) || lost && !strings.HasPrefix(err.Error(), "cuda:0: kernel uniform: ") {
			t.Errorf("call %d: got error %v", n, err)
		}
	}
	if err := errors.Join(d.Sync(), d.Download(make([]float32, 15), m)); err == nil {
		t.Error("a lost device gave an answer")
	}
	d.Free(m)
	if d.InUse() != 0 {
		t.Errorf("%d bytes are in use", d.InUse())
	}
	if err := d.Close(); err == nil {
		t.Error("closing a lost device says nothing")
	}
	t.Setenv("LLM4REC_EMULATED_FAULT", "")
	again := emulated(t)
	if m, err = again.Alloc(3, 5); err == nil {
		err = again.Uniform(m, gpu.Key{})
	}
	if err != nil {
		t.Error(err)
	}
	again.Free(m)
	if err := d.Fill(m, 0); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("of a closed device: got error %v", err)
	}
}

func TestNoSuchNumber(t *testing.T) {
	emulated(t)
	if _, err := cuda.Open(7); !errors.Is(err, gpu.ErrNoDevice) || !strings.Contains(err.Error(), "number 7 of 1") {
		t.Errorf("got error %v", err)
	}
}
