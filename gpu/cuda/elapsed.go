//go:build nvidia

package cuda

import (
	"time"

	"gorgonia.org/cu"
)

// Elapsed is how long the GPU works on what f asks for, by CUDA's events: without the way there.
func (d *device) Elapsed(f func() error) (elapsed time.Duration, err error) {
	var from, to cu.Event
	record := func(e *cu.Event) error {
		return d.do(func() (err error) {
			if *e, err = cu.MakeEvent(cu.DefaultEvent); err != nil {
				return err
			}
			return e.Record(d.stream)
		})
	}
	defer func() {
		_ = d.do(func() error { // events of a device that is lost went with it
			_ = cu.DestroyEvent(&from)
			_ = cu.DestroyEvent(&to)
			return nil
		})
	}()
	if err := record(&from); err != nil {
		return 0, err
	}
	if err := f(); err != nil {
		return 0, err
	}
	if err := record(&to); err != nil {
		return 0, err
	}
	err = d.do(func() error {
		if err := to.Synchronize(); err != nil {
			return err
		}
		ms, err := from.Elapsed(to)
		elapsed = time.Duration(ms * float64(time.Millisecond))
		return err
	})
	return elapsed, err
}
