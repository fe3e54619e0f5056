package results

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestEnviron(t *testing.T) {
	e := Environ("c0ffee", "")
	if e.Commit != "c0ffee" || e.BLAS != "unknown" || e.Cores < 1 || e.Go != runtime.Version() || e.CPU == "" || e.GPU == "" || e.Driver == "" || e.Modules == nil {
		t.Errorf("%+v", e)
	}
	if e.Memory == 0 {
		t.Error("0 bytes of memory")
	}
	if c := Environ("", "").Commit; c == "" {
		t.Error("an empty commit")
	}
	if got := stamped([]debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}); got != "abc+modified" {
		t.Error(got)
	}
}

func TestUsage(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux tells these")
	}
	before := CPUTime()
	for start := time.Now(); time.Since(start) < 20*time.Millisecond; {
	}
	if used := CPUTime() - before; used <= 0 || used > time.Minute {
		t.Errorf("%v of CPU", used)
	}
	if err := ResetPeakMemory(); err != nil {
		t.Skip(err) // a sandbox may forbid it
	}
	low := PeakMemory()
	big := make([]byte, 64<<20)
	for n := 0; n < len(big); n += 4096 {
		big[n] = 1
	}
	high := PeakMemory()
	runtime.KeepAlive(big)
	if low <= 0 || high < low+60<<20 {
		t.Errorf("peak %d, then %d", low, high)
	}
}
