package results

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"
)

// Here describes this machine: what [Describe] says, and what the kernel adds to it.
func Here(e Environment) System {
	s := Describe(e)
	if release := osRelease("/etc/os-release"); release != "" {
		s.OperatingSystem = release + ", " + e.OS
	}
	if kernel := word("/proc/sys/kernel/osrelease"); kernel != "" {
		s.OperatingSystem += ", Linux " + kernel
	}
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return s
	}
	cpus, err := proc.CPUInfo()
	if err != nil || len(cpus) == 0 {
		return s
	}
	sockets, cores := map[string]bool{}, map[string]bool{}
	for _, c := range cpus {
		sockets[c.PhysicalID] = true
		cores[c.PhysicalID+"/"+c.CoreID] = true
	}
	if cpus[0].PhysicalID != "" { // ARM's kernels do not say
		s.ProcessorsPerNode, s.Cores = strconv.Itoa(len(sockets)), strconv.Itoa(len(cores))
	}
	if cpus[0].CPUMHz > 0 {
		s.Frequency = fmt.Sprintf("%.0f MHz", cpus[0].CPUMHz)
	}
	s.Caches = cpus[0].CacheSize
	return s
}

// osRelease is the distribution's name for people.
func osRelease(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.Trim(field(string(b), "PRETTY_NAME="), `"'`)
}
