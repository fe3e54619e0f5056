package sequential

import (
	"context"
	"time"

	"llm4rec/data"
)

// Steps trains a step at a time, for measurements of speed.
type Steps struct {
	training *training
	taken    int // steps
}

// Steps begins a training.
func (s *Spec) Steps(train *data.Train) (*Steps, error) {
	t, err := s.begin(train)
	return &Steps{training: t}, err
}

// Next takes a step and returns how many targets it had, and their mean loss.
func (s *Steps) Next(ctx context.Context) (targets int, loss float64, err error) {
	t := s.training
	each := t.steps()
	if s.taken%each == 0 {
		t.shuffle(s.taken / each)
	}
	loss, err = t.take(ctx, s.taken%each)
	s.taken++
	return t.batch.counted, loss, err
}

// PerEpoch is the number of steps in an epoch.
func (s *Steps) PerEpoch() int { return s.training.steps() }

// Observe has every call to the device reported, which it then waits for.
func (s *Steps) Observe(f func(kernel string, took time.Duration)) { s.training.program.Observe = f }

// Close gives the memory back.
func (s *Steps) Close() { s.training.close() }
