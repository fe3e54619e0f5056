package energy

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// powercap is a made-up tree of zones.
type powercap struct {
	*testing.T
	root string
}

func newPowercap(t *testing.T) powercap { return powercap{t, t.TempDir()} }

// zone writes one, with a counter and its range in microjoules.
func (p powercap) zone(zone, name string, counter, reach uint64) {
	p.Helper()
	p.write(zone, "name", name+"\n")
	p.write(zone, "max_energy_range_uj", fmt.Sprintln(reach))
	p.write(zone, "energy_uj", fmt.Sprintln(counter))
}

func (p powercap) write(zone, file, text string) {
	p.Helper()
	dir := filepath.Join(p.root, zone)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
		p.Fatal(err)
	}
}

const reach = 262143328850 // of many servers: 262 kJ

// server has two packages with their parts, the platform, and a package shown twice.
func server(t *testing.T) powercap {
	p := newPowercap(t)
	p.zone("intel-rapl:1", "package-1", 2_000_000, reach)
	p.zone("intel-rapl:0", "package-0", 1_000_000, reach)
	p.zone("intel-rapl:0:0", "core", 5_000_000, reach)
	p.zone("intel-rapl:0:1", "dram", 6_000_000, reach)
	p.zone("intel-rapl:2", "psys", 7_000_000, reach)
	p.zone("intel-rapl-mmio:0", "package-0", 1_000_000, reach)
	p.write("intel-rapl", "enabled", "1\n")
	return p
}

func joules(t *testing.T, s Source, want float64) {
	t.Helper()
	if got, err := s.Joules(); err != nil || math.Abs(got-want) > 1e-9 {
		t.Errorf("%v J, %v, want %v", got, err, want)
	}
}

// TestPackages: packages count, and nothing that is in them or that they are in.
func TestPackages(t *testing.T) {
	p := server(t)
	c := CPU(p.root)
	if c.Source == nil || c.Name != "cpu" || c.Counts != "RAPL of package-0, package-1" {
		t.Fatalf("%+v", c)
	}
	joules(t, c.Source, 0)
	for zone, counter := range map[string]uint64{"intel-rapl:0": 4_000_000, "intel-rapl:1": 2_500_000, "intel-rapl:0:0": 9_000_000, "intel-rapl:2": 99_000_000} {
		p.write(zone, "energy_uj", fmt.Sprintln(counter))
	}
	joules(t, c.Source, 3.5)
}

// TestWraparound: counters begin anew at their ranges, each at its own.
func TestWraparound(t *testing.T) {
	p := newPowercap(t)
	p.zone("intel-rapl:0", "package-0", 900_000_000, 1_000_000_000)
	p.zone("intel-rapl:1", "package-1", 100_000_000, 2_000_000_000)
	s := CPU(p.root).Source
	p.write("intel-rapl:0", "energy_uj", "50000000\n")
	p.write("intel-rapl:1", "energy_uj", "300000000\n")
	joules(t, s, 150+200)
	p.write("intel-rapl:0", "energy_uj", "49000000\n")
	joules(t, s, 150+200+999)
}

// ticking is a package that uses so many watts, whose counter is written each time before it is read.
type ticking struct {
	*rapl
	p     powercap
	watts float64
	began time.Time

	mu    sync.Mutex
	reads int
}

func (s *ticking) Joules() (float64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	s.p.write("intel-rapl:0", "energy_uj", fmt.Sprintln(uint64(s.watts*1e6*time.Since(s.began).Seconds())%65_000_000_000))
	return s.rapl.Joules()
}

// TestLongSpan: in a span of many ranges every turn of the counter is seen, because a meter reads it in between.
func TestLongSpan(t *testing.T) {
	p := newPowercap(t)
	p.zone("intel-rapl:0", "package-0", 0, 65_000_000_000)
	synctest.Test(t, func(t *testing.T) {
		r, err := openRAPL(p.root)
		if err != nil {
			t.Fatal(err)
		}
		s := &ticking{rapl: r, p: p, watts: 400, began: time.Now()}
		m := Open(Counter{Name: "cpu", Source: s})
		if err := m.Idle(t.Context(), time.Second); err != nil {
			t.Error(err)
		}
		span := m.Begin()
		time.Sleep(time.Hour)
		got := span.End()[0]
		if got.Raw == nil || math.Abs(*got.Raw-400*3600) > 1 || math.Abs(*got.Net) > 1 || got.Seconds != 3600 {
			t.Errorf("%+v", got)
		}
		m.Close()
		if s.reads < 3600/65 || s.reads > 300 {
			t.Errorf("%d readings in an hour", s.reads)
		}
	})
}

// TestUnseen: where nobody read a counter for so long that it may have begun anew, its figure is not made up.
func TestUnseen(t *testing.T) {
	p := newPowercap(t)
	p.zone("intel-rapl:0", "package-0", 0, 65_000_000_000)
	synctest.Test(t, func(t *testing.T) {
		s := CPU(p.root).Source
		time.Sleep(64 * time.Second)
		joules(t, s, 0)
		time.Sleep(66 * time.Second)
		for range 2 {
			if got, err := s.Joules(); err == nil || !strings.Contains(err.Error(), "not read for 66 s") {
				t.Errorf("%v J, %v", got, err)
			}
		}
	})
}

// TestUnreadable: each reason is said, names the file, and tells nothing of where it lies.
func TestUnreadable(t *testing.T) {
	for want, change := range map[string]func(powercap) error{
		"no RAPL counter": func(p powercap) error { return os.RemoveAll(p.root) },
		"intel-rapl:0/energy_uj: permission denied (Linux lets root alone": func(p powercap) error {
			return os.Chmod(filepath.Join(p.root, "intel-rapl:0", "energy_uj"), 0)
		},
		"intel-rapl:0/energy_uj: no such file":           func(p powercap) error { return os.Remove(filepath.Join(p.root, "intel-rapl:0", "energy_uj")) },
		"intel-rapl:1/name: no such file":                func(p powercap) error { return os.Remove(filepath.Join(p.root, "intel-rapl:1", "name")) },
		"intel-rapl:1/max_energy_range_uj: no such file": func(p powercap) error { return os.Remove(filepath.Join(p.root, "intel-rapl:1", "max_energy_range_uj")) },
		`intel-rapl:1: energy_uj: "much" is no number`: func(p powercap) error {
			p.write("intel-rapl:1", "energy_uj", "much\n")
			return nil
		},
		"intel-rapl:1/max_energy_range_uj: the counter has no range": func(p powercap) error {
			p.write("intel-rapl:1", "max_energy_range_uj", "0\n")
			return nil
		},
	} {
		p := server(t)
		if err := change(p); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(want, "permission") && os.Geteuid() == 0 {
			continue // nothing is denied to root: see TestDenied
		}
		c := CPU(p.root)
		if c.Source != nil || !strings.Contains(c.Why, want) || strings.Contains(c.Why, p.root) {
			t.Errorf("want %q: %+v", want, c)
		}
	}
}

// TestDenied: what Linux says to everybody but root, as root sees it in tests too.
func TestDenied(t *testing.T) {
	err := unread("intel-rapl:0", &os.PathError{Op: "open", Path: "/sys/class/powercap/intel-rapl:0/energy_uj", Err: os.ErrPermission})
	if want := "intel-rapl:0/energy_uj: permission denied (Linux lets root alone read it)"; err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
