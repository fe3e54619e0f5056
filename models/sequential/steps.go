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
	t, err := s.begin(context.Background(), train)
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

// Model is what is trained by now.
func (s *Steps) Model() (*Model, error) {
	m, _, err := s.training.model()
	return m, err
}

// Observe has every call to the device reported, which it then waits for.
func (s *Steps) Observe(f func(kernel string, took time.Duration)) { s.training.program.Observe = f }

// Close gives the memory back.
func (s *Steps) Close() { s.training.close() }

// Packed is the windows of a training one after the other, as another implementation takes them: window n is the elements
// indptr[n] … indptr[n+1]−1 of items and of targets.
func (s *Spec) Packed(train *data.Train) (indptr []int64, items, targets []int32) {
	indptr = []int64{0}
	for _, w := range s.cut(histories(train)) {
		items, targets = append(items, w.inputs...), append(targets, w.targets...)
		indptr = append(indptr, int64(len(items)))
	}
	return indptr, items, targets
}
