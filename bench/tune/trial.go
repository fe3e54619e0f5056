package tune

import (
	"context"
	"fmt"
	"strings"
	"time"

	"llm4rec/bench"
	"llm4rec/gpu"
	"llm4rec/results"
)

// params are those of one trial, with its resource.
func (c Candidate) params(number, resource int) map[string]any {
	if c.Resource == nil {
		return c.Params[number]
	}
	return with(c.Params[number], map[string]any{c.Resource.Param: resource})
}

// bind makes the cell of one trial. Parameters that are refused stand for the configuration that they do not make.
func (c Candidate) bind(number, resource int) (bench.Cell, error) {
	cell := c.cell
	cell.System.Params = c.params(number, resource)
	bound, err := cell.Model.Bind(cell.System.Params)
	if err != nil {
		bound = bench.Bound{Config: cell.System.Params}
	}
	cell.Bound = bound
	return cell, err
}

// trial returns the record of one trial, which it makes unless it is there. The error is one of the run, not of the
// trial: the context's, or the store's.
func (s *search) trial(ctx context.Context, c Candidate, number, resource int) (results.Trial, error) {
	cell, refused := c.bind(number, resource)
	identity, err := s.identity(cell)
	if err != nil {
		return results.Trial{}, err
	}
	name := trialName(c, number, resource)
	rec, done, err := s.store.Done(identity.ID())
	if err != nil {
		return rec, err
	}
	if done {
		s.out.Before++
		s.Progress.End(name, rec, true)
		return rec, nil
	}
	rec = results.Trial{
		Identity: identity, Tuning: s.plan.Spec.Name, Number: number, Resource: resource, Status: results.OK,
		Users: s.validation.Users(), Notes: s.notes, Env: s.env, Started: time.Now().UTC(),
	}
	var m bench.Measured
	if err = refused; err == nil {
		m, err = s.measure(ctx, cell, identity.ID(), name)
	}
	if ctx.Err() != nil {
		return rec, ctx.Err()
	}
	rec.Value, rec.Fit, rec.Validation, rec.Finished = m.Value, m.Fit, m.Validation, time.Now().UTC()
	if err != nil {
		rec.Status, rec.Error, rec.Value = results.Failed, err.Error(), 0
		s.out.Failed++
	}
	s.out.Ran++
	if rec, err = s.store.Put(rec); err != nil {
		return rec, err
	}
	s.Progress.End(name, rec, false)
	return rec, nil
}

func (s *search) measure(ctx context.Context, cell bench.Cell, id, name string) (bench.Measured, error) {
	stage := func(stage string) func(done, total int, note string) {
		return func(done, total int, note string) { s.Progress.Stage(name, stage, done, total, note) }
	}
	fit := stage("fit")
	fit(0, 0, "")
	file := bench.Checkpoint(s.store.Dir(), id)
	fitter := cell.Bound.Fitter(bench.Env{Seed: cell.Seed, Device: s.Device, Progress: fit, Checkpoint: file})
	return s.validation.Measure(ctx, fitter, file.Meter, s.Workers, stage("validate"))
}

func (s *search) identity(c bench.Cell) (results.TrialIdentity, error) {
	return s.plan.identity(c, s.name, s.checksum, s.Device)
}

func (p *Plan) identity(c bench.Cell, dataset, checksum string, device gpu.Device) (results.TrialIdentity, error) {
	id, err := p.base.Identity(c, dataset, checksum, device)
	return results.TrialIdentity{Identity: id, Metric: p.metric.Name}, err
}

func trialName(c Candidate, number, resource int) string {
	parts := []string{c.Name, fmt.Sprintf("trial %d of %d", number+1, len(c.Params))}
	if c.Resource != nil {
		parts = append(parts, fmt.Sprintf("%s %d", c.Resource.Param, resource))
	}
	return strings.Join(parts, " · ")
}
