package results

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prometheus/procfs"
)

// processor names the CPU. Virtual machines may hide its model behind the name of a whole line of products, in which case its
// numbers tell generations apart.
func processor() string {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return unknown
	}
	cpus, err := proc.CPUInfo()
	if err != nil || len(cpus) == 0 || cpus[0].ModelName == "" {
		return unknown
	}
	return processorName(cpus[0])
}

func processorName(c procfs.CPUInfo) string {
	if strings.ContainsAny(c.ModelName, "0123456789") || c.CPUFamily == "" {
		return c.ModelName
	}
	return fmt.Sprintf("%s (family %s, model %s)", c.ModelName, c.CPUFamily, c.Model)
}

// memory is the machine's, in bytes, or -1.
func memory() int64 {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return -1
	}
	m, err := proc.Meminfo()
	if err != nil || m.MemTotalBytes == nil {
		return -1
	}
	return int64(*m.MemTotalBytes)
}

// graphics names the NVIDIA devices and their driver from what the kernel shows, without loading a library.
func graphics() (gpu, driver string) {
	return graphicsAt("/proc/driver/nvidia", "/sys/bus/pci/devices")
}

func graphicsAt(nvidia, pci string) (gpu, driver string) {
	driver = "none"
	if version, err := os.ReadFile(filepath.Join(nvidia, "version")); err == nil {
		driver = driverVersion(string(version))
	}
	var names []string
	// Glob fails only on a bad pattern.
	infos, _ := filepath.Glob(filepath.Join(nvidia, "gpus", "*", "information"))
	for _, path := range infos {
		if b, err := os.ReadFile(path); err == nil {
			names = append(names, orUnknown(field(string(b), "Model:")))
		}
	}
	if len(names) == 0 { // the driver is missing, or hides its devices from a container
		vendors, _ := filepath.Glob(filepath.Join(pci, "*", "vendor"))
		for _, path := range vendors {
			if at := filepath.Dir(path); word(path) == "0x10de" && strings.HasPrefix(word(filepath.Join(at, "class")), "0x03") {
				names = append(names, "NVIDIA "+word(filepath.Join(at, "device")))
			}
		}
	}
	if len(names) == 0 {
		return "none", driver
	}
	slices.Sort(names)
	return strings.Join(names, ", "), driver
}

// driverVersion finds the dotted number in "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.161.08  Sat Feb …".
func driverVersion(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	for _, w := range strings.Fields(line) {
		if strings.Contains(w, ".") && strings.Trim(w, "0123456789.") == "" {
			return w
		}
	}
	return unknown
}

// field is the value of the line that starts with the key.
func field(text, key string) string {
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(line, key); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func word(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
