package results

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/procfs"
)

func TestGraphics(t *testing.T) {
	write := func(dir, path, text string) {
		path = filepath.Join(dir, path)
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, []byte(text), 0o600))
	}
	none, proc, pci := t.TempDir(), t.TempDir(), t.TempDir()
	write(proc, "version", "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  535.161.08  Release Build\nGCC version:  gcc version 12.2.0\n")
	write(proc, "gpus/0000:01:00.0/information", "Model: \t\t NVIDIA H200\nIRQ:   1\n")
	write(pci, "0000:01:00.0/vendor", "0x10de\n")
	write(pci, "0000:01:00.0/class", "0x030200\n")
	write(pci, "0000:01:00.0/device", "0x2335\n")
	write(pci, "0000:02:00.0/vendor", "0x1af4\n")
	for _, c := range []struct{ nvidia, pci, gpu, driver string }{
		{none, none, "none", "none"},
		{proc, pci, "NVIDIA H200", "535.161.08"},
		{none, pci, "NVIDIA 0x2335", "none"},
	} {
		if gpu, driver := graphicsAt(c.nvidia, c.pci); gpu != c.gpu || driver != c.driver {
			t.Errorf("got %q, %q; want %q, %q", gpu, driver, c.gpu, c.driver)
		}
	}
}

// TestProcessor: two generations that call themselves by one name are two kinds of hardware.
func TestProcessor(t *testing.T) {
	for want, c := range map[string]procfs.CPUInfo{
		"AMD EPYC 7B13 64-Core Processor": {ModelName: "AMD EPYC 7B13 64-Core Processor", CPUFamily: "25", Model: "1"},
		"AMD EPYC (family 25, model 17)":  {ModelName: "AMD EPYC", CPUFamily: "25", Model: "17"},
		"Cortex":                          {ModelName: "Cortex"},
	} {
		if got := processorName(c); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
