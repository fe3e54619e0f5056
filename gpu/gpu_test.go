package gpu

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
)

func TestOpen(t *testing.T) {
	for _, name := range []string{"auto", "cpu"} {
		d, err := Open(name)
		if err != nil || d.Name() != "cpu" || d.Kind() != "cpu" || d.BLAS() == "" {
			t.Errorf("Open(%q) = %+v, %v", name, d, err)
		}
	}
	if _, err := Open("cuda"); !errors.Is(err, ErrNoCUDA) {
		t.Errorf("Open(cuda): %v, want ErrNoCUDA", err)
	}
	if _, err := Open("abacus"); err == nil || errors.Is(err, ErrNoCUDA) {
		t.Errorf("Open(abacus): %v, want an error of its own", err)
	}
	t.Log(CPU().BLAS())
}

func TestMulT(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, shape := range [][3]int{{1, 1, 1}, {3, 5, 7}, {64, 1024, 65}, {2, 3, 0}, {0, 3, 2}, {3, 0, 2}} {
		m, n, k := shape[0], shape[1], shape[2]
		a, b, c := random(r, m*k), random(r, n*k), make([]float32, m*n)
		for i := range c {
			c[i] = float32(math.NaN())
		}
		CPU().MulT(c, a, b, m, n, k)
		for i := range m {
			for j := range n {
				var want, size float64
				for l := range k {
					p := float64(a[i*k+l]) * float64(b[j*k+l])
					want, size = want+p, size+math.Abs(p)
				}
				if got := float64(c[i*n+j]); !(math.Abs(got-want) <= float64(k+1)*0x1p-24*size) {
					t.Fatalf("%v: c[%d,%d] = %g, want %g", shape, i, j, got, want)
				}
			}
		}
	}
}

func TestBlocks(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, workers := range []int{1, 3} {
		runtime.GOMAXPROCS(workers)
		for _, n := range []int{0, 1, 7, 8, 9, 100} {
			seen := make([]int32, n)
			err := Blocks(t.Context(), n, 8, func() func(lo, hi int) error {
				return func(lo, hi int) error {
					for i := lo; i < hi; i++ {
						atomic.AddInt32(&seen[i], 1)
					}
					return nil
				}
			})
			for i, count := range seen {
				if err != nil || count != 1 {
					t.Fatalf("n=%d: %d visited %d times, %v", n, i, count, err)
				}
			}
		}
	}
	want := errors.New("body")
	if err := Blocks(t.Context(), 9, 2, func() func(int, int) error { return func(int, int) error { return want } }); !errors.Is(err, want) {
		t.Errorf("got %v, want the body's error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := Blocks(ctx, 9, 2, func() func(int, int) error { return func(int, int) error { t.Error("called"); return nil } })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}
