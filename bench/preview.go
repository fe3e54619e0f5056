package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"llm4rec/data"
	"llm4rec/llm"
	"llm4rec/models"
	"llm4rec/results"
)

// Preview is what a language model would be asked for one user.
type Preview struct {
	User     string // raw id
	Requests []llm.Request
}

// Unanswered is the error of a system whose answers are to be ranked again, and are not stored.
type Unanswered struct{ System string }

func (u *Unanswered) Error() string {
	return fmt.Sprintf("the first stage, %s, has no answers", u.System)
}

// previewer is a preparer that shows what its ranker would ask. It needs no model for it.
type previewer interface {
	Preview(ctx context.Context, train *data.Train, q models.Query, candidates []models.Scored) ([]llm.Request, error)
}

// Preview shows what a cell would ask a language model for one user, by default the first, if it is asked for that user. The
// candidates are the stored answers of the first stage; it runs, asks and stores nothing.
func (r *Runner) Preview(ctx context.Context, plan *Plan, c Cell, user string) (Preview, error) {
	if c.First == nil || !c.Model.Reranks {
		return Preview{}, fmt.Errorf("%s asks no language model to rank: what agents ask, and what they are told, is in their traces", c.System.Name)
	}
	d, _, err := r.Suite.Load(ctx, plan.Spec, r.Log)
	if err != nil {
		return Preview{}, err
	}
	shows, ok := c.Bound.Preparer(Env{Seed: c.Seed, Dataset: d.Name, Device: r.Device}).(previewer)
	if !ok {
		return Preview{}, fmt.Errorf("%s does not show what it asks", c.Model.Name)
	}
	ranks, err := r.stored(plan, *c.First, d)
	if err != nil {
		return Preview{}, err
	}
	user = cmp.Or(user, ranks[0].User) // a cell without users has failed
	at := slices.IndexFunc(ranks, func(x results.Ranking) bool { return x.User == user })
	if at < 0 {
		return Preview{}, fmt.Errorf("user %q: the first stage, %s, answered %d others under protocol %s, such as %s", user, c.First.System.Name, len(ranks), c.Protocol.Name, ranks[0].User)
	}
	split, asked, err := r.Suite.asked(c.Protocol, d, plan.Spec.Depth, 0)
	if err != nil {
		return Preview{}, err
	}
	n := slices.Index(asked.users, user)
	if n < 0 {
		return Preview{}, fmt.Errorf("user %q has answers of %s, and is not asked for", user, c.First.System.Name) // it is for the same data and protocol
	}
	requests, err := shows.Preview(ctx, split.Train, asked.queries[n], scoredItems(ranks[at]))
	return Preview{user, requests}, err
}

// stored is the answers of a cell: of what was stored for the most users, the newest. Which device they come from does not
// matter here. Neither does what the cell's model reads, files or another language model: they would have to be at hand.
func (r *Runner) stored(plan *Plan, c Cell, d *data.Dataset) ([]results.Ranking, error) {
	store, err := results.OpenRead(filepath.Join(r.Out, plan.Spec.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Unanswered{c.System.Name}
	}
	if err != nil {
		return nil, err
	}
	c.Bound.Inputs = nil
	want, err := plan.Identity(c, d.Name, d.Checksum(), r.Device)
	if err != nil {
		return nil, err
	}
	want.Informative = c.System.Informative
	records, errs := store.Records()
	records = slices.DeleteFunc(records, func(rec results.Record) bool {
		id := rec.Identity
		known := strings.HasSuffix(id.Inputs, want.Inputs) // candidates that are given
		id.Inputs, id.First, id.Device, id.Limit = want.Inputs, want.First, want.Device, want.Limit
		return rec.Status != results.OK || id != want || !known
	})
	if len(records) == 0 {
		return nil, errors.Join(append([]error{&Unanswered{c.System.Name}}, errs...)...)
	}
	return store.Ranks(slices.MaxFunc(records, func(a, b results.Record) int {
		return cmp.Or(cmp.Compare(a.Users, b.Users), a.Finished.Compare(b.Finished))
	}))
}
