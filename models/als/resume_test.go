package als

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"llm4rec/data"
	"llm4rec/gpu"
)

// trainingOf is the training part of a small matrix, with validation cases: the last item of every user who has some.
func trainingOf(seed uint64) *data.Train {
	r := small(seed, 40, 50)
	t := train(r)
	for u := range int32(r.Rows) {
		if items, _ := r.Row(u); len(items) > 0 {
			t.Valid.Cases = append(t.Valid.Cases, data.Case{User: u, History: items[:len(items)-1], Times: make([]int64, len(items)-1)})
			t.Valid.Relevant = append(t.Valid.Relevant, items[len(items)-1:])
		}
	}
	return t
}

// watched fits, and returns the iterations that were shown; from the last of them on, the context is cancelled.
func watched(t *testing.T, c Config, train *data.Train, last int) (*Model, []int, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var shown []int
	c.Progress = func(done, _ int, _ string) {
		if shown = append(shown, done); done == last {
			cancel()
		}
	}
	m, err := c.Fit(ctx, train)
	if err != nil {
		return nil, shown, err
	}
	return m.(*Model), shown, nil
}

func whole(t *testing.T, c Config, train *data.Train) *Model {
	t.Helper()
	m, _, err := watched(t, c, train, 0)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// interrupt leaves a checkpoint that holds that many iterations.
func interrupt(t *testing.T, c Config, train *data.Train, after int) {
	t.Helper()
	if _, shown, err := watched(t, c, train, after); !errors.Is(err, context.Canceled) || len(shown) != after {
		t.Fatalf("got %v after iterations %v, want context.Canceled after %d", err, shown, after)
	}
	if _, err := os.Stat(c.Checkpoint.Path); err != nil {
		t.Fatal(err)
	}
}

func same(a, b *Model) bool { return slices.Equal(a.x.v, b.x.v) && slices.Equal(a.y.v, b.y.v) }

func resumable(t *testing.T) Config {
	t.Helper()
	c := Default()
	c.Factors, c.Iterations, c.Seed = 7, 5, 3
	c.Checkpoint.Path = filepath.Join(t.TempDir(), "folder", "checkpoint")
	return c
}

func TestResume(t *testing.T) {
	for _, solver := range []Solver{Cholesky, ConjugateGradient} {
		c, data := resumable(t), trainingOf(10)
		c.Solver = solver
		want := whole(t, c, data)
		for after := 1; after < c.Iterations; after++ {
			interrupt(t, c, data, after)
			got, shown, err := watched(t, c, data, 0)
			if err != nil {
				t.Fatal(err)
			}
			if shown[0] != after+1 || len(shown) != c.Iterations-after {
				t.Errorf("%s: after %d iterations it went on with %v", solver, after, shown)
			}
			if !same(got, want) {
				t.Errorf("%s: interrupted after %d iterations: other factors", solver, after)
			}
			if _, err := os.Stat(c.Checkpoint.Path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: the checkpoint is still there: %v", solver, err)
			}
		}
	}
}

// What another training left is passed over: its factors would be as good a start as any, and give another result.
func TestCheckpointOfAnotherTraining(t *testing.T) {
	for name, change := range map[string]func(*Config, *data.Train){
		"seed":           func(c *Config, _ *data.Train) { c.Seed++ },
		"regularization": func(c *Config, _ *data.Train) { c.Regularization *= 2 },
		"data":           func(_ *Config, x *data.Train) { x.Inter.Item[0]++ },
		"validation":     func(_ *Config, x *data.Train) { x.Valid.Relevant[0] = []int32{x.Valid.Relevant[0][0] - 1} },
	} {
		c := resumable(t)
		interrupt(t, c, trainingOf(10), 2)
		other := trainingOf(10)
		change(&c, other)
		got, shown, err := watched(t, c, other, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(shown) != c.Iterations {
			t.Errorf("another %s: iterations %v", name, shown)
		}
		c.Checkpoint.Path = ""
		if !same(got, whole(t, c, other)) {
			t.Errorf("another %s: other factors than without the checkpoint", name)
		}
	}
}

func TestDamagedCheckpoint(t *testing.T) {
	c := resumable(t)
	interrupt(t, c, trainingOf(10), 2)
	text, err := os.ReadFile(c.Checkpoint.Path)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 1
	if err := os.WriteFile(c.Checkpoint.Path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	want := "als: checkpoint: " + c.Checkpoint.Path + ": the file is damaged; remove it to train from the start"
	if _, err := c.Fit(t.Context(), trainingOf(10)); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// gone is a device that is lost once it has drawn the factors: every later call fails alike.
type gone struct{ gpu.Device }

var errGone = errors.New("the device is gone")

func (gone) Syrk(gpu.Matrix, gpu.Matrix, float32, float32) error { return nil }
func (gone) LeastSquares(context.Context, gpu.Matrix, gpu.Sparse, gpu.Matrix, gpu.Equations) error {
	return nil
}
func (gone) Download([]float32, gpu.Matrix) error                { return errGone }
func (gone) SquaredNorm(gpu.Matrix, gpu.Matrix) (float64, error) { return 0, errGone }
func (gone) ObservedLoss(gpu.Matrix, gpu.Sparse, gpu.Matrix, gpu.Equations) (float64, error) {
	return 0, errGone
}

// Once a device is lost every call fails; it is said once.
func TestErrorIsSaidOnce(t *testing.T) {
	c := Default()
	c.Factors, c.LossEvery, c.Device = 4, 1, gone{c.device()}
	_, err := c.Fit(t.Context(), trainingOf(10))
	if !errors.Is(err, errGone) || strings.Count(err.Error(), errGone.Error()) != 1 || strings.Count(err.Error(), "als: ") != 1 {
		t.Errorf("got %v", err)
	}
}
