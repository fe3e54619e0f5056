package results

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ResetPeakMemory makes PeakMemory count from now. The kernel counts for the whole process.
func ResetPeakMemory() error {
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		return fmt.Errorf("results: reset peak memory: %w", err)
	}
	return nil
}

// PeakMemory is the largest resident memory of this process since the reset, in bytes, or -1 where it is unknown.
func PeakMemory() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return -1
	}
	kb, err := strconv.ParseInt(strings.TrimSuffix(field(string(status), "VmHWM:"), " kB"), 10, 64)
	if err != nil {
		return -1
	}
	return kb * 1024
}

// CPUTime is what this process has used on all cores, in user and system mode, or -1 where it is unknown.
func CPUTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return -1
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
