package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"llm4rec/data"
	"llm4rec/models"
	"llm4rec/results"
)

// Augmenter fills the store of memories that an experiment's systems may read, before any of them is run.
type Augmenter interface {
	Fingerprint() (string, error) // of all that it reads
	Fill(ctx context.Context, path string, d *data.Dataset, progress func(source string, done, total int)) (results.Augmented, error)
	Content(ctx context.Context, path string) (string, error) // checksum of what a store holds
}

// Stage is the registry's line of augmenting.
type Stage struct {
	Config   any
	Revision int
	Bind     func(params map[string]any) (config any, a Augmenter, err error)
}

// RegisterAugmenter makes that line of a default configuration.
func RegisterAugmenter[C any](revision int, config C, augmenter func(C) Augmenter) Stage {
	return Stage{Config: config, Revision: revision, Bind: func(params map[string]any) (any, Augmenter, error) {
		c, b, err := bind(config, params)
		return b.Config, augmenter(c), err
	}}
}

// resolveAugment checks what an experiment's store is filled with.
func (s *Suite) resolveAugment(p *Plan) []*Issue {
	if p.Spec.Augment == nil {
		return nil
	}
	if s.Augment.Bind == nil {
		return []*Issue{issue(errors.New("nothing can be augmented here"), "augment")}
	}
	config, a, err := s.Augment.Bind(p.Spec.Augment)
	var at *data.SpecError
	if errors.As(err, &at) {
		return []*Issue{issue(at.Err, "augment.%s", at.Key)}
	}
	if err == nil {
		p.Spec.Augment, err = filled(config)
	}
	if err != nil {
		return []*Issue{issue(err, "augment")}
	}
	p.augment, p.augmentConfig = a, config
	return nil
}

// augment fills the store, unless it holds what the same identity filled it with, and returns that identity's name.
func (e *experiment) augment(ctx context.Context) (string, error) {
	p := e.plan
	if p.augment == nil {
		return "", nil
	}
	id := results.AugmentIdentity{
		Dataset: e.dataset.Name, Data: e.checksum, Params: canonical(p.augmentConfig), Inputs: inputsOr(p.augment.Fingerprint()), Revision: e.Suite.Augment.Revision,
	}
	path := filepath.Join(e.store.Dir(), results.MemoriesName)
	all, err := e.store.AllAugmented()
	if err != nil {
		return "", err
	}
	sum, err := p.augment.Content(ctx, path)
	if err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if err := e.store.SetAside(err, results.MemoriesName); err != nil {
			return "", err
		}
	}
	for _, before := range all {
		if sum == "" || sum != before.Content || before.Status != results.OK && before.Identity != id || !stands(before.Identity, id) {
			continue
		}
		e.short(before)
		return before.ID, nil
	}
	started, cpu := time.Now(), results.CPUTime()
	stage := func(source string, done, total int) {
		e.Progress.Stage(p.Spec.Name+" · memories", source, done, total, "")
	}
	found, err := p.augment.Fill(ctx, path, e.dataset, stage)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if missing := (*models.Unavailable)(nil); errors.As(err, &missing) {
		found.Status, found.Error = results.Unavailable, err.Error()
	} else if err != nil {
		return "", fmt.Errorf("augment: %w", err)
	}
	found.Identity, found.Env = id, e.env
	found.Wall, found.CPU = time.Since(started).Seconds(), (results.CPUTime() - cpu).Seconds()
	found.Started, found.Finished = started.UTC(), time.Now().UTC()
	if found.Content == "" {
		found.Content, _ = p.augment.Content(ctx, path) // of what came before the file that is missing
	}
	e.short(found)
	return id.ID(), e.store.PutAugmented(found)
}

// short warns of memories that are not all that they were to be.
func (e *experiment) short(a results.Augmented) {
	if a.Status != results.OK {
		e.Log.Warn("memories: not all that the experiment names is at hand", "experiment", e.plan.Spec.Name, "why", a.Error)
	}
}

// stands tells whether what was done for one identity is what is wanted for another: it is the same, or differs in a model or file
// alone that is not at hand now, of which it cannot be told whether it has changed.
func stands(before, now results.AugmentIdentity) bool {
	if strings.HasPrefix(now.Inputs, string(results.Unavailable)) {
		before.Inputs = now.Inputs
	}
	return before == now
}
