package tune

import (
	"context"
	"errors"
	"path/filepath"

	"llm4rec/bench"
	"llm4rec/results"
)

// Outlook is what a run of a search would do.
type Outlook struct {
	Missing error // why costs and progress are unknown, nil where the data set is at hand
	Rounds  []RoundOutlook
}

// RoundOutlook is what a run would do in one round of a system.
type RoundOutlook struct {
	System   Candidate
	Trials   int
	Resource int     // 0 where the system has none
	Done     int     // of the first round; who reaches a later one is not known before
	Seconds  float64 // a rough estimate of the fits that are not done, 0 where there is none
}

// Outlook looks at the data set and the records and runs nothing.
func (t *Tuner) Outlook(ctx context.Context, p *Plan) (o Outlook, err error) {
	systems, err := p.Only(t.Only)
	if err != nil {
		return o, err
	}
	d, err := t.load(ctx, p)
	var missing *bench.Missing
	if errors.As(err, &missing) {
		o.Missing = missing
		for _, c := range systems {
			for _, l := range c.levels {
				o.Rounds = append(o.Rounds, RoundOutlook{System: c, Trials: l.trials, Resource: l.resource})
			}
		}
		return o, nil
	}
	if err != nil {
		return o, err
	}
	shape, checksum := bench.Shape{Users: d.Users.Len(), Items: d.Items.Len(), Interactions: d.Inter.Len()}, d.Checksum()
	store, unread := results.ReadTrials(filepath.Join(t.Out, Folder, p.Spec.Name))
	for _, c := range systems {
		for j, l := range c.levels {
			r := RoundOutlook{System: c, Trials: l.trials, Resource: l.resource}
			seconds, fits := 0.0, 0
			for n := range c.Params {
				cell, refused := c.bind(n, l.resource)
				if j == 0 && unread == nil {
					id, err := p.identity(cell, d.Name, checksum, t.Device)
					if err != nil {
						return o, err
					}
					// A damaged record counts as not done: a run sets it aside and says so.
					if _, done, err := store.Done(id.ID()); err == nil && done {
						r.Done++
						continue
					}
				}
				if refused == nil {
					seconds += cell.Bound.Seconds(shape)
				}
				fits++
			}
			if fits > 0 {
				r.Seconds = seconds / float64(fits) * float64(l.trials-r.Done)
			}
			o.Rounds = append(o.Rounds, r)
		}
	}
	return o, nil
}
