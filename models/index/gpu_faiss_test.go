//go:build cgo && faiss && nvidia && faissgpu

package index_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"llm4rec/models/index"
	"llm4rec/models/index/native"
)

// needGPUs skips a test that wants more GPUs than there are. One may be required, two never are.
func needGPUs(t *testing.T, n int) {
	t.Helper()
	if err := native.CheckGPUs(n); err != nil {
		if n == 1 && os.Getenv("LLM4REC_CUDA") == "required" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

func parse(t *testing.T, text string, m index.Metric) index.Config {
	t.Helper()
	c, err := index.Parse(text, m)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOnGPU(t *testing.T) {
	needGPUs(t, 1)
	for _, c := range []struct {
		index string
		least float64 // recall
	}{
		{"Flat", 1},
		{"Flat;temp-mib=0", 1},
		{"Flat;float16=1", .9},
		{"IVF16,Flat;nprobe=16;temp-mib=64", 1},
		{"IVF16,Flat;nprobe=4;float16=1", .4},
		{"IVF16,PQ8;nprobe=16", .05},
		{"IVF16,SQ8;nprobe=16", .9},
		{"PCA8,Flat", 0},
	} {
		for _, m := range metrics {
			t.Run(fmt.Sprint(c.index, m), func(t *testing.T) {
				leavesNothing(t)
				conform(t, parse(t, "faiss-gpu:"+c.index, m), c.least)
			})
		}
	}
}

func TestFlatOnGPUIsExact(t *testing.T) {
	needGPUs(t, 1)
	flatIsExact(t, "faiss-gpu:Flat")
}

func TestOnSeveralGPUs(t *testing.T) {
	needGPUs(t, 2)
	for _, shard := range []int{0, 1} {
		leavesNothing(t)
		flatIsExact(t, fmt.Sprintf("faiss-gpu:Flat;devices=2;shard=%d", shard))
		for _, m := range metrics {
			conform(t, parse(t, fmt.Sprintf("faiss-gpu:IVF16,Flat;nprobe=16;devices=2;shard=%d", shard), m), 1)
		}
	}
}

func flatIsExact(t *testing.T, name string) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	for _, m := range metrics {
		for _, shape := range [][2]int{{2, 1}, {100, 3}, {5000, 33}, {2000, 384}, {100_000, 32}} {
			n, d := shape[0], shape[1]
			sameUpToTies(t, name, m, normal(r, n*d), normal(r, 50*d), d, 100)
		}
	}
}

// FAISS finds no more than 2047 on a GPU. The CPU answers the rest, and it is said.
func TestManyOnGPU(t *testing.T) {
	needGPUs(t, 1)
	r := rand.New(rand.NewPCG(3, 4))
	vectors, queries := normal(r, 5000*16), normal(r, 20*16)
	for _, k := range []int{2047, 2048, 5000} {
		sameUpToTies(t, "faiss-gpu:Flat", index.L2, vectors, queries, 16, k)
	}
}

// What was saved is the index, wherever it is put.
func TestSaveOnGPU(t *testing.T) {
	needGPUs(t, 1)
	leavesNothing(t)
	r := rand.New(rand.NewPCG(9, 10))
	vectors, queries := normal(r, 1000*16), normal(r, 30*16)
	for _, name := range []string{"Flat", "IVF8,Flat;nprobe=3"} {
		c := parse(t, "faiss-gpu:"+name, index.InnerProduct)
		x := build(t, c, vectors, 16)
		file := filepath.Join(t.TempDir(), "index")
		if err := x.(index.Saver).Save(file); err != nil {
			t.Fatal(err)
		}
		y, err := c.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { y.Close() })
		if !slices.EqualFunc(retrieve(t, x, queries, 9), retrieve(t, y, queries, 9), slices.Equal) {
			t.Errorf("%s: other answers after loading", name)
		}
	}
}

// What FAISS cannot do on a GPU is an error that says so.
func TestLimitsOnGPU(t *testing.T) {
	needGPUs(t, 1)
	leavesNothing(t)
	vectors := normal(rand.New(rand.NewPCG(11, 12)), 1000*16)
	for name, want := range map[string]string{
		"IVF8,Flat;nprobe=5000": "nprobe <= 2048",
		"IVF8,PQ4x4":            "must be 8",
		"HNSW16":                "no such index on GPUs", // but its vectors would be there
	} {
		x, err := parse(t, "faiss-gpu:"+name, index.L2).Build(t.Context(), vectors, 16)
		if err == nil {
			t.Error(name, "no error", x.Close())
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}
