//go:build !linux

package results

import (
	"errors"
	"runtime"
	"time"
)

// ResetPeakMemory fails: only Linux tells the peak of an interval.
func ResetPeakMemory() error { return errors.New("results: no peak memory on " + runtime.GOOS) }

// PeakMemory is -1: unknown.
func PeakMemory() int64 { return -1 }

// CPUTime is -1: unknown.
func CPUTime() time.Duration { return -1 }
