package dense

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"llm4rec/gpu"
	"llm4rec/models"
	"llm4rec/models/topk"
)

// catalogue has what makes ranking hard: lengths over four orders of magnitude, exact duplicates, pairs that differ in
// one last bit, and zero vectors.
func catalogue(r *rand.Rand, n, f int) []float32 {
	y := normal(r, n*f)
	for i := range n {
		row := y[i*f : (i+1)*f]
		scale := float32(math.Pow(10, 4*r.Float64()-2))
		for l := range row {
			row[l] *= scale
		}
		switch earlier := y[r.IntN(i+1)*f:][:f]; r.IntN(4) {
		case 0:
			copy(row, earlier)
		case 1:
			copy(row, earlier)
			l := r.IntN(f)
			row[l] = math.Nextafter32(row[l], 0)
		case 2:
			if r.IntN(4) == 0 {
				clear(row)
			}
		}
	}
	return y
}

func queries(r *rand.Rand, count, n int) []models.Query {
	qs := make([]models.Query, count)
	for i := range qs {
		q := models.Query{User: int32(i), K: []int{1, 10, 100, n, n + 7}[r.IntN(5)]}
		for range r.IntN(n + 1) {
			q.Exclude = append(q.Exclude, int32(r.IntN(n))) // repeats, in any order
		}
		if r.IntN(4) == 0 {
			q.Candidates = []int32{}
			for item := range int32(n) {
				if r.IntN(3) == 0 {
					q.Candidates = append(q.Candidates, item)
				}
			}
		}
		qs[i] = q
	}
	return qs
}

// reference ranks everything.
func reference(y []float32, f int, v []float32, q models.Query, l2 bool) []models.Scored {
	var all []models.Scored
	for item := range int32(len(y) / f) {
		if slices.Contains(q.Exclude, item) || q.Candidates != nil && !slices.Contains(q.Candidates, item) {
			continue
		}
		score := float32(gpu.Dot(v, y[int(item)*f:][:f]))
		if l2 {
			score = -float32(distance(v, y[int(item)*f:][:f]))
		}
		all = append(all, models.Scored{Item: item, Score: score})
	}
	slices.SortFunc(all, topk.Better)
	return all[:min(q.K, len(all))]
}

func TestTopKIsExact(t *testing.T) {
	for _, l2 := range []bool{false, true} {
		for _, shape := range [][2]int{{1, 1}, {7, 3}, {1024, 64}, {1500, 33}, {3000, 8}} {
			n, f := shape[0], shape[1]
			r := rand.New(rand.NewPCG(uint64(n), uint64(f)))
			y, qs := catalogue(r, n, f), queries(r, 70, n)
			v := normal(r, len(qs)*f)
			clear(v[:f])              // all scores tie
			copy(v[f:2*f], y[n/2*f:]) // at no distance
			got := answer(t, y, f, v, qs, len(qs), l2)
			for i, q := range qs {
				want := reference(y, f, v[i*f:][:f], q, l2)
				if !slices.Equal(got[i], want) {
					t.Fatalf("%v, l2 %v: query %d: got %v, want %v", shape, l2, i, got[i], want)
				}
			}
		}
	}
}

// Far from the origin a float32 product cannot tell distances apart: the exact ones decide.
func TestFarFromTheOrigin(t *testing.T) {
	const n, f = 1200, 5
	r := rand.New(rand.NewPCG(8, 9))
	y, v := normal(r, n*f), normal(r, f)
	for _, x := range [][]float32{y, v} {
		for l := range x {
			x[l] = 5000 + x[l]/16
		}
	}
	q := models.Query{K: 40}
	got := answer(t, y, f, v, []models.Query{q}, 1, true)[0]
	if want := reference(y, f, v, q, true); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func TestNoItems(t *testing.T) {
	if got := answer(t, nil, 2, []float32{1, 2}, []models.Query{{K: 3}}, 1, false); len(got) != 1 || len(got[0]) != 0 {
		t.Errorf("got %v", got)
	}
}

// kernels names the environment variable by which the test binary is told to print its fingerprint and no more.
const kernels = "LLM4REC_TEST_FINGERPRINT"

func TestInvariance(t *testing.T) {
	const n, f = 2500, 67
	r := rand.New(rand.NewPCG(5, 6))
	y, qs := catalogue(r, n, f), queries(r, 200, n)
	v := normal(r, len(qs)*f)
	want := append(answer(t, y, f, v, qs, len(qs), false), answer(t, y, f, v, qs, len(qs), true)...)
	if os.Getenv(kernels) != "" {
		fmt.Printf("fingerprint %s %s\n", fingerprint(want), gpu.CPU().About())
		return
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, workers := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(workers)
		for _, batch := range []int{1, 3, 64, 65, 200} {
			if got := append(answer(t, y, f, v, qs, batch, false), answer(t, y, f, v, qs, batch, true)...); !reflect.DeepEqual(got, want) {
				t.Errorf("%d workers, batches of %d: other answers", workers, batch)
			}
		}
	}
	for _, core := range []string{"Haswell", "Prescott", "SkylakeX"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestInvariance$", "-test.count=1")
		cmd.Env = append(os.Environ(), kernels+"=1", "OPENBLAS_CORETYPE="+core)
		out, err := cmd.CombinedOutput()
		line := strings.SplitN(string(out), "\n", 2)[0]
		if err != nil {
			if core == "SkylakeX" { // needs AVX-512, which not every machine has
				t.Logf("OPENBLAS_CORETYPE=%s does not run here: %v", core, err)
				continue
			}
			t.Fatalf("OPENBLAS_CORETYPE=%s: %v: %s", core, err, out)
		}
		if !strings.HasPrefix(line, "fingerprint "+fingerprint(want)+" ") {
			t.Errorf("OPENBLAS_CORETYPE=%s: other answers: %s", core, out)
		}
		t.Log(line)
	}
}

func TestErrors(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, bad := range [][]float32{{1, inf}, {float32(math.NaN()), 0}} {
		if _, err := New(bad, 2); err == nil {
			t.Errorf("New(%v): no error", bad)
		}
		x, _ := New([]float32{1, 2}, 2)
		if _, err := x.TopK(t.Context(), bad, []models.Query{{K: 1}}); err == nil {
			t.Errorf("TopK(%v): no error", bad)
		}
	}
	x, err := New([]float32{1e30, 2e30}, 2)
	if err != nil || x.Len() != 1 {
		t.Fatal(x, err)
	}
	if _, err := x.TopK(t.Context(), []float32{1e30, 0}, []models.Query{{K: 1}}); err == nil {
		t.Error("scores overflow: no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := x.TopK(ctx, []float32{1, 0}, []models.Query{{K: 1}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	for name, f := range map[string]func(){
		"factors": func() { New([]float32{1, 2, 3}, 2) },
		"vectors": func() { x.TopK(t.Context(), []float32{1}, []models.Query{{K: 1}}) },
	} {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
}

func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return
}

func answer(t *testing.T, y []float32, f int, v []float32, qs []models.Query, batch int, l2 bool) [][]models.Scored {
	t.Helper()
	x, err := newItems(y, f, l2)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]models.Scored
	for lo := 0; lo < len(qs); lo += batch {
		hi := min(lo+batch, len(qs))
		got, err := x.TopK(t.Context(), v[lo*f:hi*f], qs[lo:hi])
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, got...)
	}
	return out
}

func fingerprint(answers [][]models.Scored) string {
	h := sha256.New()
	for _, list := range answers {
		for _, s := range list {
			fmt.Fprintf(h, "%d %08x ", s.Item, math.Float32bits(s.Score))
		}
		fmt.Fprintln(h)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func normal(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// BenchmarkTopK reports how fast the arithmetic of the scores alone was done.
func BenchmarkTopK(b *testing.B) {
	for _, c := range []struct{ n, f, users, k int }{
		{3706, 64, 6040, 100},
		{100_000, 384, 1000, 10},
		{100_000, 384, 1000, 100},
		{1_000_000, 384, 1000, 100},
	} {
		b.Run(fmt.Sprintf("items=%d/f=%d/queries=%d/k=%d", c.n, c.f, c.users, c.k), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 2))
			x, _ := New(normal(r, c.n*c.f), c.f)
			v, qs := normal(r, c.users*c.f), make([]models.Query, c.users)
			for i := range qs {
				qs[i].K = c.k
			}
			for b.Loop() {
				if _, err := x.TopK(b.Context(), v, qs); err != nil {
					b.Fatal(err)
				}
			}
			seconds := b.Elapsed().Seconds() / float64(b.N)
			b.ReportMetric(float64(c.users)/seconds, "queries/sec")
			b.ReportMetric(2*float64(c.users)*float64(c.n)*float64(c.f)/seconds/1e9, "Gflop/s")
		})
	}
}
