package perf

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"llm4rec/data"
	"llm4rec/models/als"
)

// turns are an iteration of ours, the probes, an iteration of the peer's, and so on: what runs has the machine for itself.
type turns struct {
	wanted                int     // iterations of each side
	oursLeast, theirLeast float64 // seconds of processor time a second that count
	probe                 *probe
	peer                  *peer // nil: none
	ours, theirs          Sample
}

// attempts is how often an iteration is taken, on average, until enough count.
const attempts = 4

func (a ALS) takeTurns(ctx context.Context, c als.Config, train *data.Train, out *Result) (err error) {
	r := train.UserItem()
	least := a.Busy * float64(runtime.GOMAXPROCS(0))
	t := turns{wanted: a.Iterations, oursLeast: least, theirLeast: least}
	if a.Device.Kind() != "cpu" {
		t.oursLeast = 0 // its processors are not the process's
	}
	if t.probe, err = newProbe(a.Device, r.Rows, r.Cols, c.Factors); err != nil {
		return err
	}
	defer t.probe.close()
	if a.Python != "" {
		if t.peer, err = startImplicit(ctx, a.Python, c, r); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, t.peer.close()) }()
	}
	if err := t.run(ctx, c, train); err != nil {
		return err
	}
	users, items := half(c, r.Rows, r.Cols, len(r.Indices)), half(c, r.Cols, r.Rows, len(r.Indices))
	atUsers, atItems := t.probe.speeds()
	out.Users, out.Items, out.Entries, out.Factors = r.Rows, r.Cols, len(r.Indices), c.Factors
	out.Ours, out.Work, out.UserSpeed, out.ItemSpeed = t.ours, users.plus(items), atUsers, atItems
	out.Arithmetic = users.Flops/atUsers.Flops + items.Flops/atItems.Flops
	out.Reading = users.Bytes/atUsers.Bytes + items.Bytes/atItems.Bytes
	out.Limit = atUsers.Limit(users) + atItems.Limit(items)
	if t.peer != nil {
		out.Theirs, out.Peer = &t.theirs, t.peer.name
	}
	return nil
}

// run trains until there are enough iterations that count, at most so many. The first one of each side only warms up.
func (t *turns) run(ctx context.Context, c als.Config, train *data.Train) error {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	c.Iterations = 1 + attempts*t.wanted
	var failed error
	var begin clock
	c.Progress = func(done, _ int, _ string) {
		begin.stop(&t.ours, t.oursLeast)
		if failed = t.others(); failed != nil {
			stop()
			return
		}
		if done == 1 {
			t.ours, t.theirs = Sample{}, Sample{}
			t.probe.forget()
		}
		if t.enough() {
			stop()
		}
		begin = start()
	}
	begin = start()
	_, err := c.Fit(inner, train)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case failed != nil:
		return failed
	case t.enough():
		return nil
	case err != nil:
		return err
	case len(t.ours.Seconds) == 0, t.peer != nil && len(t.theirs.Seconds) == 0:
		return fmt.Errorf("perf: of %d iterations none had enough of %d cores: the machine is busy", c.Iterations, runtime.GOMAXPROCS(0))
	}
	return nil // fewer than wanted, and the number of those discarded says why
}

// others are what runs between two iterations of ours.
func (t *turns) others() error {
	if err := t.probe.measure(); err != nil || t.peer == nil {
		return err
	}
	return t.peer.iterate(&t.theirs, t.theirLeast)
}

func (t *turns) enough() bool {
	return len(t.ours.Seconds) >= t.wanted && (t.peer == nil || len(t.theirs.Seconds) >= t.wanted)
}
