package suite

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"llm4rec/bench"
	"llm4rec/data"
	"llm4rec/data/synthetic"
	"llm4rec/gpu"
	"llm4rec/results"
)

const invarianceSpec = `
name: invariance
dataset: small
protocol: {split: ratio, test: 0.2}
metrics: [ndcg@10, recall@50, coverage@10]
systems:
  - {name: random, model: random}
  - {name: pop, model: popularity}
  - {name: recent, model: recent-popularity}
  - {name: itemknn, model: itemknn, params: {history: 3, decay: 0.7}}
  - {name: ease, model: ease}
  - {name: als, model: als, params: {factors: 33, iterations: 2}}
  - {name: als-trained, model: als, params: {factors: 64, iterations: 2, users: trained}}
`

// Rankings and metrics must not depend on how queries are batched or on the number of workers, bit for bit. OpenBLAS's
// kernels for AVX2 change the last bits of a product with the shape of a tile, those for AVX-512 do not: so the test runs
// under both.
func TestRankingDoesNotDependOnBatchesOrWorkers(t *testing.T) {
	t.Run("this CPU", testInvariance)
	t.Run("Haswell kernels", func(t *testing.T) {
		if os.Getenv("OPENBLAS_CORETYPE") != "" {
			t.Skip("OPENBLAS_CORETYPE is set already: the other subtest runs under it")
		}
		c := exec.Command(os.Args[0], "-test.run=^TestRankingDoesNotDependOnBatchesOrWorkers$/^this_CPU$", "-test.v")
		c.Env = append(os.Environ(), "OPENBLAS_CORETYPE=Haswell")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

func testInvariance(t *testing.T) {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	small := synthetic.Default()
	small.Users, small.Items, small.Interactions = 150, 400, 6000
	d := synthetic.Generate(small)
	anything := func(string) error { return nil }
	s := &bench.Suite{Models: Models(nil), Named: anything, Open: func(context.Context, string) (*data.Dataset, error) { return d, nil }}
	spec, err := bench.Source{Name: "invariance", Text: []byte(invarianceSpec)}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	plan, issues := s.Resolve(spec)
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	var first map[string]results.Record
	for _, c := range []struct{ workers, batch int }{{1, 1}, {2, 7}, {3, 64}, {1, 1000}} {
		r := &bench.Runner{Suite: s, Device: gpu.CPU(), Out: t.TempDir(), Workers: c.workers, Batch: c.batch, Progress: quiet{}, Log: log}
		if _, err := r.Run(t.Context(), plan); err != nil {
			t.Fatal(err)
		}
		got := recordsOf(t, filepath.Join(r.Out, "invariance"))
		if first == nil {
			first = got
		}
		if len(got) != len(plan.Cells) {
			t.Fatalf("%d records for %d cells", len(got), len(plan.Cells))
		}
		for system, rec := range got {
			if rec.Ranks != first[system].Ranks {
				t.Errorf("%s: %d workers, batches of %d: the stored ranking has other bytes", system, c.workers, c.batch)
			}
			for m, v := range rec.Metrics {
				if v != first[system].Metrics[m] {
					t.Errorf("%s: %d workers, batches of %d: %s is %v, was %v", system, c.workers, c.batch, m, v, first[system].Metrics[m])
				}
			}
		}
	}
}
