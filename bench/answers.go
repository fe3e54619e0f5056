package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"llm4rec/data"
	"llm4rec/models"
	"llm4rec/results"
)

// Answered is a cell of a run with its stored answers: what a system was asked, and what it recommended. It does not hold what
// would be right.
type Answered struct {
	Cell    Cell
	Record  results.Record
	Train   *data.Train
	Queries []models.Query
	Users   []string // raw ids, of the queries
	Lists   [][]models.Scored
}

// CellOf finds a cell of a plan by what its user calls it. An empty protocol and no seed are the first that there are.
func (p *Plan) CellOf(system, protocol string, seed *int64) (Cell, error) {
	var known []string
	for _, c := range p.Cells {
		if !slices.Contains(known, c.System.Name) {
			known = append(known, c.System.Name)
		}
		if c.System.Name == system && (protocol == "" || protocol == c.Protocol.Name) && (seed == nil || *seed == c.Seed || !c.Model.Seeded) {
			return c, nil
		}
	}
	if !slices.Contains(known, system) {
		return Cell{}, fmt.Errorf("%s has no system %q; there are: %s", p.Spec.Name, system, strings.Join(known, ", "))
	}
	return Cell{}, fmt.Errorf("%s has no cell of %s under that protocol and with that seed", p.Spec.Name, system)
}

// Answers reads what a cell of a finished run answered. Nothing is fitted or written.
func (r *Runner) Answers(ctx context.Context, plan *Plan, c Cell) (*Answered, error) {
	out, e, err := r.reader(ctx, plan, c)
	if err != nil {
		return nil, err
	}
	if out.Lists, out.Record, err = e.stored(c); err == nil && out.Lists == nil {
		err = r.unrun(plan, c)
	}
	return out, err
}

// Talks reads the conversations of a cell of a finished run.
func (r *Runner) Talks(ctx context.Context, plan *Plan, c Cell) (*Answered, []results.Talk, error) {
	out, e, err := r.reader(ctx, plan, c)
	if err != nil {
		return nil, nil, err
	}
	id, err := e.identity(c)
	if err != nil {
		return nil, nil, err
	}
	var done bool
	if out.Record, done, err = e.store.Done(id.ID()); err == nil && !done {
		err = r.unrun(plan, c)
	}
	if err != nil {
		return nil, nil, err
	}
	talks, err := e.store.Talks(out.Record)
	return out, talks, err
}

// Asked is what a cell is asked; whether it has been run does not matter.
func (r *Runner) Asked(ctx context.Context, plan *Plan, c Cell) (*Answered, error) {
	d, _, err := r.Suite.Load(ctx, plan.Spec, r.Log)
	if err != nil {
		return nil, err
	}
	split, asked, err := r.Suite.asked(c.Protocol, d, plan.Spec.Depth, r.Limit)
	return &Answered{Cell: c, Train: split.Train, Queries: asked.queries, Users: asked.users}, err
}

// unrun is the error of a cell that was not run.
func (r *Runner) unrun(plan *Plan, c Cell) error {
	return fmt.Errorf("%s has no answers in %s: run it first, by 'llm4rec run … --only %s --out %s' with the same --set and --limit", c.Name(), filepath.Join(r.Out, plan.Spec.Name), c.System.Name, r.Out)
}

// reader opens the records of a plan for reading, and asks the questions of a cell.
func (r *Runner) reader(ctx context.Context, plan *Plan, c Cell) (*Answered, *experiment, error) {
	d, unpublishable, err := r.Suite.Load(ctx, plan.Spec, r.Log)
	if err != nil {
		return nil, nil, err
	}
	store, err := results.OpenRead(filepath.Join(r.Out, plan.Spec.Name))
	if err != nil {
		return nil, nil, fmt.Errorf("%w (%w)", r.unrun(plan, c), err)
	}
	split, asked, err := r.Suite.asked(c.Protocol, d, plan.Spec.Depth, r.Limit)
	if err != nil {
		return nil, nil, err
	}
	e := &experiment{Runner: r, plan: plan, dataset: d, checksum: d.Checksum(), unpublishable: unpublishable, store: store, asked: asked}
	e.records, _ = store.Records() // a damaged one counts as not there
	return &Answered{Cell: c, Train: split.Train, Queries: asked.queries, Users: asked.users}, e, nil
}

// Fit fits the system of the cell again, as a run would, so that it can be asked what it was not asked there.
func (a *Answered) Fit(ctx context.Context, r *Runner) (models.Recommender, error) {
	if a.Cell.Bound.Fitter == nil {
		return nil, fmt.Errorf("%s ranks what another system found: it cannot be asked alone", a.Cell.System.Name)
	}
	// Without a checkpoint: that of a run which was interrupted is the run's.
	model, err := a.Cell.Bound.Fitter(Env{Seed: a.Cell.Seed, Device: r.Device, Progress: func(int, int, string) {}}).Fit(ctx, a.Train)
	if err != nil {
		return nil, fmt.Errorf("fit: %w", err)
	}
	return model, nil
}
