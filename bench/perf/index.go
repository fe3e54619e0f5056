package perf

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"llm4rec/gpu"
	"llm4rec/models"
	"llm4rec/models/dense"
	"llm4rec/models/index"
)

// Index is a measurement of vector indexes on clusters of vectors of unit length, each beside the exact one.
type Index struct {
	Rows, Dim, Queries, K int
	Metric                index.Metric
	Indexes               []string // as [index.Parse] reads them; the exact one is always there
	Rounds                int      // turns of each
	Busy                  float64  // part of its cores that a process must have had for a turn to count
	Device                gpu.Device
	Program               string // ours: FAISS's flat index is also measured with FAISS's own threads, in processes of it; or ""
	Python                string // an interpreter with faiss-cpu, which has the same indexes, or ""
}

// DefaultIndex is the smaller of the two sizes that the documentation speaks of.
func DefaultIndex() Index {
	return Index{Rows: 100_000, Dim: 384, Queries: 1000, K: 100, Metric: index.InnerProduct, Rounds: 6, Busy: .9}
}

// Searches is what was measured of one index.
type Searches struct {
	Name   string  `json:"name"`
	Recall float64 `json:"recall"` // part of the exact answers that it found
	Build  float64 `json:"build_seconds"`
	Bytes  int64   `json:"bytes"` // or -1
	Sample         // of all queries, a turn
	All    bool    `json:"all"` // of the vectors are compared with every query
}

// Frontier is what was measured of all. The first is the exact one.
type Frontier struct {
	Indexes []Searches `json:"indexes"`
	Flops   float64    `json:"flops"`      // of comparing all
	Peak    float64    `json:"peak_flops"` // of a product of large matrices, the best of those between the turns
}

// Validate says what is wrong with a measurement.
func (a Index) Validate() error {
	for _, n := range []struct {
		name string
		n    int
	}{{"rows", a.Rows}, {"dim", a.Dim}, {"queries", a.Queries}, {"k", a.K}, {"rounds", a.Rounds}} {
		if n.n < 1 {
			return fmt.Errorf("perf: %s: want at least 1, got %d", n.name, n.n)
		}
	}
	if !(a.Busy >= 0 && a.Busy <= 1) {
		return fmt.Errorf("perf: busy: want a part of the cores, got %g", a.Busy)
	}
	_, err := a.configs()
	return err
}

func (a Index) configs() ([]index.Config, error) {
	configs := []index.Config{{Index: index.Exact, Metric: a.Metric, Device: a.Device}}
	for _, text := range a.Indexes {
		c, err := index.Parse(text, a.Metric)
		if err != nil {
			return nil, err
		}
		configs = append(configs, c)
	}
	return configs, configs[0].Validate()
}

// searcher is one index, in this process or another.
type searcher struct {
	Searches
	turn  func(s *Sample) error // searches all queries once
	items func() ([][]int32, error)
	close func() error
}

// Measure builds all, then has them search by turns.
func (a Index) Measure(ctx context.Context) (_ Frontier, err error) {
	configs, err := a.configs()
	if err != nil {
		return Frontier{}, err
	}
	vectors, queries := a.clusters(1, a.Rows), a.clusters(2, a.Queries)
	var all []searcher
	defer func() {
		for _, s := range all {
			err = errors.Join(err, s.close())
		}
	}()
	for _, c := range configs {
		s, err := a.ours(ctx, c, vectors, queries)
		if err != nil {
			return Frontier{}, err
		}
		all = append(all, s)
	}
	others, err := a.others(ctx, configs[1:], vectors, queries)
	all = append(all, others...)
	if err != nil {
		return Frontier{}, err
	}
	probe, err := newProbe(gpu.CPU(), 1, 1, 1)
	if a.Device != nil {
		probe, err = newProbe(a.Device, 1, 1, 1)
	}
	if err != nil {
		return Frontier{}, err
	}
	defer probe.close()
	for round := range a.Rounds + 1 {
		for n := range all {
			if err := errors.Join(ctx.Err(), all[n].turn(&all[n].Sample), probe.measure()); err != nil {
				return Frontier{}, err
			}
			if round == 0 { // which warms up
				all[n].Sample = Sample{}
			}
		}
	}
	out := Frontier{Flops: 2 * float64(a.Rows) * float64(a.Queries) * float64(a.Dim), Peak: slices.Max(probe.flops)}
	exact, err := all[0].items()
	if err != nil {
		return Frontier{}, err
	}
	for _, s := range all {
		if len(s.Seconds) == 0 {
			return Frontier{}, fmt.Errorf("perf: %s: of %d turns none had enough of %d cores: the machine is busy", s.Name, a.Rounds, runtime.GOMAXPROCS(0))
		}
		items, err := s.items()
		if err != nil {
			return Frontier{}, err
		}
		s.Recall = recall(items, exact)
		out.Indexes = append(out.Indexes, s.Searches)
	}
	return out, nil
}

// clusters are about a hundred vectors each, which is what indexes are made for: of vectors without any order none is near.
// The centres are the same for vectors and queries.
func (a Index) clusters(stream uint64, rows int) []float32 {
	out := make([]float32, rows*a.Dim)
	clusters := max(1, a.Rows/100)
	_ = gpu.Blocks(context.Background(), rows, 256, func() func(lo, hi int) error { // which cannot fail
		return func(lo, hi int) error {
			for r := lo; r < hi; r++ {
				own := rand.New(rand.NewPCG(stream, uint64(r)))
				centre := rand.New(rand.NewPCG(3, uint64(own.IntN(clusters))))
				for l := range a.Dim {
					out[r*a.Dim+l] = float32(centre.NormFloat64() + own.NormFloat64())
				}
			}
			return nil
		}
	})
	dense.Normalize(out, a.Dim)
	return out
}

// ours is an index in this process.
func (a Index) ours(ctx context.Context, c index.Config, vectors, queries []float32) (searcher, error) {
	least := a.Busy * float64(runtime.GOMAXPROCS(0))
	if c.OnGPU() || c.Device != nil && c.Device.Kind() != "cpu" {
		least = 0 // its processors are not the process's
	}
	var built Sample
	begin := start()
	x, err := c.Build(ctx, vectors, a.Dim)
	if err != nil {
		return searcher{}, err
	}
	begin.stop(&built, 0)
	var found [][]models.Scored
	return searcher{
		Searches: Searches{Name: c.String(), Build: built.Median(), Bytes: x.Bytes(), All: comparesAll(c)},
		turn: func(s *Sample) (err error) {
			begin := start()
			found, err = x.Retrieve(ctx, queries, a.K)
			begin.stop(s, least)
			return err
		},
		items: func() ([][]int32, error) { return items(found), nil },
		close: x.Close,
	}, nil
}

func comparesAll(c index.Config) bool {
	return c.Index == index.Exact || c.Index == "faiss:Flat" || c.Index == "faiss-gpu:Flat"
}

func items(found [][]models.Scored) [][]int32 {
	out := make([][]int32, len(found))
	for q, list := range found {
		for _, s := range list {
			out[q] = append(out[q], s.Item)
		}
	}
	return out
}

// recall is the part of the wanted items that were found.
func recall(found, wanted [][]int32) float64 {
	hits, all := 0, 0
	for q, list := range wanted {
		all += len(list)
		for _, item := range list {
			if slices.Contains(found[q], item) {
				hits++
			}
		}
	}
	return float64(hits) / float64(all)
}

// others are the processes, which read the same vectors from a folder.
func (a Index) others(ctx context.Context, configs []index.Config, vectors, queries []float32) (all []searcher, err error) {
	if a.Program == "" && a.Python == "" {
		return nil, nil
	}
	dir, err := os.MkdirTemp("", "llm4rec-perf-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }() // all have read them by then
	err = errors.Join(writeArray(filepath.Join(dir, "vectors.f32"), vectors), writeArray(filepath.Join(dir, "queries.f32"), queries))
	if err != nil {
		return nil, err
	}
	add := func(s searcher, err error) error {
		if err == nil {
			all = append(all, s)
		}
		return err
	}
	for _, c := range configs {
		job := indexJob{Config: c, Folder: dir, Dim: a.Dim, K: a.K, Threads: threads()}
		if a.Program != "" && c.Index == "faiss:Flat" {
			for _, kind := range []struct{ name, environment string }{
				{"own threads, asleep when idle", "OMP_WAIT_POLICY=passive"},
				{"own threads, as it comes", "GOMP_SPINCOUNT=300000"}, // libgomp's default, which a policy would change
			} {
				err := add(a.other(job, kind.name, func(write func(string) error) (*peer, error) {
					return startOwn(ctx, a.Program, kind.environment, write)
				}))
				if err != nil {
					return all, err
				}
			}
		}
		if a.Python != "" && !c.OnGPU() { // faiss-cpu has none
			if err := add(a.other(job, "", func(write func(string) error) (*peer, error) { return startFAISS(ctx, a.Python, write) })); err != nil {
				return all, err
			}
		}
	}
	return all, nil
}
