package suite

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"llm4rec/bench"
	"llm4rec/data"
	"llm4rec/data/synthetic"
	"llm4rec/gpu"
	"llm4rec/results"
)

// lost is a device that disappears after some calls of the one long operation: every later call fails.
type lost struct {
	gpu.Device
	calls int
}

var errLost = errors.New("gpu: cuda:0: the device has fallen off the bus")

func (d *lost) LeastSquares(ctx context.Context, x gpu.Matrix, r gpu.Sparse, y gpu.Matrix, p gpu.Equations) error {
	if d.calls--; d.calls < 0 {
		return errLost
	}
	return d.Device.LeastSquares(ctx, x, r, y, p)
}

func (d *lost) Sync() error {
	if d.calls < 0 {
		return errLost
	}
	return d.Device.Sync()
}

// full is a device whose memory is enough for so many allocations.
type full struct {
	gpu.Device
	room int
}

func (d *full) take() error {
	if d.room--; d.room < 0 {
		return &gpu.OutOfMemory{Device: "cuda:0", Asked: 3 << 30, Free: 1 << 30, Total: 80 << 30}
	}
	return nil
}

func (d *full) Alloc(rows, cols int) (gpu.Matrix, error) {
	if err := d.take(); err != nil {
		return gpu.Matrix{}, err
	}
	return d.Device.Alloc(rows, cols)
}

func (d *full) NewSparse(m gpu.CSR) (gpu.Sparse, error) {
	if err := d.take(); err != nil {
		return gpu.Sparse{}, err
	}
	return d.Device.NewSparse(m)
}

// A device that fails in the middle of a run costs the cell that needed it, and nothing else: the cell's record says what
// happened, other cells run, memory is given back, and a later run on a device that works completes the cell.
func TestDeviceThatFailsMidRun(t *testing.T) {
	cases := map[string]struct {
		device gpu.Device
		want   string
	}{
		"lost": {&lost{gpu.CPU(), 5}, "fit: als: iteration 3: " + errLost.Error()},
	}
	const outOfMemory = "fit: als: cuda:0: out of memory: asked for 3072.0 MiB, 1024.0 of 81920.0 MiB are free"
	for room, needed := range []string{"users", "items", "Gram matrix", "interactions", "weights", "transpose", "its weights"} {
		cases["no memory for "+needed] = struct {
			device gpu.Device
			want   string
		}{&full{gpu.CPU(), room}, outOfMemory}
	}

	small := synthetic.Default()
	small.Users, small.Items, small.Interactions = 50, 60, 1000
	d := synthetic.Generate(small)
	s := &bench.Suite{
		Models: Models(nil), Named: func(string) error { return nil },
		Open: func(context.Context, string) (*data.Dataset, error) { return d, nil },
	}
	spec, err := bench.Source{Name: "failing", Text: []byte(`
name: failing
dataset: small
protocol: {split: leave-one-out}
metrics: [ndcg@10]
systems:
  - {name: als, model: als, params: {factors: 4, iterations: 4}}
  - {name: pop, model: popularity}
`)}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	plan, issues := s.Resolve(spec)
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	run := func(t *testing.T, device gpu.Device, out string) bench.Summary {
		t.Helper()
		r := &bench.Runner{Suite: s, Device: device, Out: out, Progress: quiet{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
		sum, err := r.Run(t.Context(), plan)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	never := recordsOf(t, run(t, gpu.CPU(), t.TempDir()).Dir)["standard/als"].Ranks

	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			out, before := t.TempDir(), gpu.CPU().InUse()
			sum := run(t, c.device, out)
			if sum.Ran != 2 || sum.Failed != 1 {
				t.Errorf("%d cells ran and %d failed, want 2 and 1", sum.Ran, sum.Failed)
			}
			if after := gpu.CPU().InUse(); after != before {
				t.Errorf("%d bytes of the device were not given back", after-before)
			}
			if got := failures(t, sum.Dir); len(got) != 1 || got["als"] != c.want {
				t.Errorf("the records say %q, want that als failed: %s", got, c.want)
			}
			sum = run(t, gpu.CPU(), out)
			if sum.Before != 1 || sum.Ran != 1 || sum.Failed != 0 {
				t.Errorf("with a device that works: %+v, want that the failed cell ran", sum)
			}
			if got := recordsOf(t, sum.Dir); len(got) != 2 || got["standard/als"].Ranks != never {
				t.Errorf("%d records; the ranking is another than that of a run that never failed", len(got))
			}
		})
	}
}

// failures are the errors of the cells that failed, by system.
func failures(t *testing.T, dir string) map[string]string {
	t.Helper()
	store, err := results.OpenRead(dir)
	if err != nil {
		t.Fatal(err)
	}
	records, errs := store.Records()
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	out := map[string]string{}
	for _, rec := range records {
		if rec.Status == results.Failed {
			out[rec.Identity.System] = strings.TrimSpace(rec.Error)
		}
	}
	return out
}
