package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"llm4rec/eval"
	"llm4rec/results"
	"llm4rec/results/table"
)

// big is a table of systems whose hit rates differ by steps. Of about equal ones, which is the hardest case, nearly every test
// against the best must be resampled.
func big(t testing.TB, n, systems, users int, step float64) (*table.Experiment, *table.Table) {
	t.Helper()
	metrics, err := eval.ParseAll([]string{"ndcg@10", "recall@10", "mrr@10"})
	check(t, err)
	e := &table.Experiment{Name: fmt.Sprint("big", n), Spec: "name: big\n", Metrics: metrics}
	x := &table.Table{Dataset: fmt.Sprint("data-", n), Protocol: "standard"}
	r := rand.New(rand.NewPCG(uint64(n), 1))
	popularity := make([]int64, 3000)
	for i := range popularity {
		popularity[i] = int64(10000 / (i + 1))
	}
	x.Catalogue = eval.NewCatalogue(popularity, users)
	ids := make([]string, users)
	for u := range ids {
		ids[u] = fmt.Sprint(1000 + u)
		x.History, x.Target = append(x.History, int32(5+r.IntN(200))), append(x.Target, float64(r.IntN(3000)))
	}
	for s := range systems {
		row := &table.Row{Experiment: e.Name, Dataset: x.Dataset, Protocol: x.Protocol, System: fmt.Sprint("system-", s), Metrics: metrics, Users: ids}
		rec := toy().record("standard", fmt.Sprint("split", n), fakeSystem{name: row.System, skill: r.Float64()}, 1)
		rec.ID = rec.Identity.ID()
		row.Records = []results.Record{rec}
		row.Values, row.PerSeed = make([][]float64, 3), [][]float64{{0}, {0}, {0}}
		for m := range metrics {
			row.Values[m] = make([]float64, users)
		}
		for u := range users {
			if r.Float64() < .15+step*float64(s-systems/2) {
				rank := float64(1 + r.IntN(10))
				row.Values[0][u], row.Values[1][u], row.Values[2][u] = 1/math.Log2(1+rank), 1, 1/rank
			}
		}
		x.Rows = append(x.Rows, row)
	}
	e.Tables = []*table.Table{x}
	return e, x
}

// BenchmarkSite is 200 systems on 10 data sets of 6,000 users each, from tables in memory. The limits are 10 s and 500 MB.
func BenchmarkSite(b *testing.B) {
	for name, step := range map[string]float64{"equal": .0001, "different": .001} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				large(b, step)
			}
		})
	}
}

func large(b *testing.B, step float64) {
	b.Helper()
	s, err := newSite(filepath.Join(b.TempDir(), "site"))
	check(b, err)
	var took time.Duration
	for n := range 10 {
		e, t := big(b, n, 200, 6000, step)
		start := time.Now()
		check(b, s.add(e, t))
		took += time.Since(start)
	}
	start := time.Now()
	check(b, s.finish())
	check(b, s.publish())
	took += time.Since(start)
	b.ReportMetric(took.Seconds(), "render-sec/site")
	b.ReportMetric(float64(largest(b, s.out))/1000, "largest-kB")
	b.ReportMetric(float64(peak())/1e6, "peak-MB")
}

// BenchmarkReport is the same from records in a folder, lists of ten items each. LLM4REC_BIG names a folder that keeps them.
func BenchmarkReport(b *testing.B) {
	dir := os.Getenv("LLM4REC_BIG")
	if dir == "" {
		b.Skip("writing the records takes minutes: LLM4REC_BIG names a folder for them")
	}
	if _, err := os.Stat(filepath.Join(dir, results.ManifestName)); err != nil {
		store(b, dir)
	}
	runtime.GC()
	for b.Loop() {
		out := filepath.Join(b.TempDir(), "site")
		_, err := Write(b.Context(), out, []string{dir})
		check(b, err)
		b.ReportMetric(float64(largest(b, out))/1000, "largest-kB")
		b.ReportMetric(float64(peak())/1e6, "peak-MB")
	}
}

// store writes the records of 200 systems on 10 data sets.
func store(b *testing.B, dir string) {
	b.Helper()
	s, err := results.Open(dir)
	check(b, err)
	m := results.Manifest{Experiment: "big", Spec: "name: big\n", Metrics: []string{"ndcg@10", "recall@10", "mrr@10"}}
	for n := range 10 {
		x := fake{name: "big", users: 6000}
		c := results.Catalogue{Users: x.users}
		for i := range items {
			c.Items = append(c.Items, results.Item{Raw: fmt.Sprint(i), Train: int64(9000 / (i + 1))})
		}
		split := fmt.Sprintf("%064x", n)
		check(b, s.PutCatalogue(split, c))
		for i := range 200 {
			sys := fakeSystem{name: fmt.Sprint("system-", i), skill: .15 + .0002*float64(i)}
			rec := x.record("standard", split, sys, 1)
			rec.Identity.Dataset = fmt.Sprint("data-", n)
			check(b, s.Put(rec, x.ranks(rec.Identity.Dataset, sys, 1)))
			m.Cells = append(m.Cells, results.Cell{ID: rec.Identity.ID(), Dataset: rec.Identity.Dataset, Protocol: "standard", System: sys.name})
		}
	}
	check(b, s.WriteManifest(m))
	check(b, s.Close())
}

// largest is the size of the largest file of a site.
func largest(t testing.TB, dir string) int64 {
	t.Helper()
	var out int64
	check(t, filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			out = max(out, info.Size())
		}
		return err
	}))
	return out
}

// peak is the most memory that this process had, in bytes, 0 where the system does not say.
func peak() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		var kib int64
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	return 0
}
