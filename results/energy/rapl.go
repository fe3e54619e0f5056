package energy

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Powercap is where Linux shows RAPL's counters.
const Powercap = "/sys/class/powercap"

// most is the power that no package reaches, in watts: how soon a counter can begin anew follows from it.
const most = 1000

// CPU is the counter of the processors' packages, by RAPL as Linux shows it below the root. The cores and the graphics of a
// package are in its figure, memory modules (the zone dram) are not. Zones that have packages in them, such as psys, or show
// them a second time, such as those of intel-rapl-mmio, do not count.
func CPU(root string) Counter {
	c := Counter{Name: "cpu"}
	r, err := openRAPL(root)
	if err != nil {
		c.Why = err.Error()
		return c
	}
	var names []string
	for _, p := range r.packages {
		names = append(names, p.name)
	}
	c.Source, c.Counts = r, "RAPL of "+strings.Join(names, ", ")
	return c
}

// rapl adds up the counters of packages. Each counts microjoules up to a range, a few minutes of full power, and begins anew.
type rapl struct {
	turn time.Duration // the least of the packages

	mu       sync.Mutex
	packages []pkg
	last     time.Time
	sum      uint64 // microjoules since it was opened
	lost     error
}

type pkg struct {
	name, zone, file string
	reach, last      uint64 // microjoules
}

// openRAPL finds the packages. Errors name files below the root, which records may tell: the root is not for everybody.
func openRAPL(root string) (*rapl, error) {
	zones, err := filepath.Glob(filepath.Join(root, "intel-rapl:*"))
	if err != nil {
		return nil, fmt.Errorf("energy: %w", err)
	}
	r := &rapl{turn: longest}
	for _, dir := range zones {
		zone := filepath.Base(dir)
		name, err := os.ReadFile(filepath.Join(dir, "name"))
		if err != nil {
			return nil, unread(zone, err)
		}
		p := pkg{name: strings.TrimSpace(string(name)), zone: zone, file: filepath.Join(dir, "energy_uj")}
		if !strings.HasPrefix(p.name, "package-") { // a part of one, or what has some
			continue
		}
		if p.reach, err = microjoules(filepath.Join(dir, "max_energy_range_uj")); err != nil {
			return nil, unread(zone, err)
		}
		if p.reach == 0 {
			return nil, fmt.Errorf("%s/max_energy_range_uj: the counter has no range", zone)
		}
		if p.last, err = microjoules(p.file); err != nil {
			return nil, unread(zone, err)
		}
		r.packages, r.turn = append(r.packages, p), min(r.turn, p.turn())
	}
	if r.packages == nil {
		return nil, errors.New("no RAPL counter of a processor package is here, as on most virtual machines")
	}
	slices.SortFunc(r.packages, func(a, b pkg) int { return cmp.Compare(a.name, b.name) })
	r.last = time.Now()
	return r, nil
}

// unread is the error of a file of a zone, without the path to it.
func unread(zone string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		name := zone + "/" + filepath.Base(path.Path)
		if errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("%s: %w (Linux lets root alone read it)", name, path.Err)
		}
		return fmt.Errorf("%s: %w", name, path.Err)
	}
	return fmt.Errorf("%s: %w", zone, err)
}

func microjoules(file string) (uint64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	x, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %q is no number", filepath.Base(file), strings.TrimSpace(string(text)))
	}
	return x, nil
}

// Joules is what the packages used since they were found. Once a counter may have begun anew unseen, it is an error for good.
func (r *rapl) Joules() (float64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost != nil {
		return 0, r.lost
	}
	now := time.Now()
	if gap := now.Sub(r.last); gap > r.turn {
		r.lost = fmt.Errorf("the counters were not read for %.0f s, and may have begun anew unseen", gap.Seconds())
		return 0, r.lost
	}
	values := make([]uint64, len(r.packages))
	for n, p := range r.packages {
		var err error
		if values[n], err = microjoules(p.file); err != nil {
			return 0, unread(p.zone, err)
		}
	}
	for n := range r.packages {
		p := &r.packages[n]
		if values[n] < p.last { // it began anew
			r.sum += p.reach
		}
		r.sum += values[n] - p.last // modulo 2⁶⁴
		p.last = values[n]
	}
	r.last = now
	return float64(r.sum) / 1e6, nil
}

// longest keeps the time of a range that nobody uses up from being more than a Duration holds.
const longest = 24 * time.Hour

// turn is the least time in which a counter goes once through its range.
func (p pkg) turn() time.Duration {
	return time.Duration(min(float64(p.reach)/1e6/most, longest.Seconds()) * float64(time.Second))
}

// Every is a third of the least turn: a reading may come late.
func (r *rapl) Every() time.Duration { return r.turn / 3 }
