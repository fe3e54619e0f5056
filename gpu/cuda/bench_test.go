//go:build nvidia

package cuda_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"llm4rec/gpu"
	"llm4rec/gpu/cuda"
)

// timer is a device with a clock of its own.
type timer interface {
	gpu.Device
	Elapsed(f func() error) (time.Duration, error)
}

// BenchmarkConjugateGradients is a half step of ALS over 20 million entries of 138,493 rows, as many as MovieLens-20M has,
// with 26,744 columns. It reads a row of Y for every entry, once to start and once a step: GB/s is of those alone. Beside
// it stands the bandwidth of a copy within the device, which counts what is read and what is written, measured in turns.
func BenchmarkConjugateGradients(b *testing.B) {
	opened, err := cuda.Open(0)
	if err != nil {
		b.Skip(err)
	}
	defer opened.Close()
	d := opened.(timer)
	rows, cols, entries := 138_493, 26_744, 20_000_000
	if strings.Contains(d.About(), "emulated") { // its speed says nothing
		rows, cols, entries = 1000, 300, 20_000
	}
	for _, f := range []int{64, 128, 256} {
		b.Run(fmt.Sprintf("factors=%d", f), func(b *testing.B) { conjugateGradients(b, d, random(rows, cols, entries), f) })
	}
}

func conjugateGradients(b *testing.B, d timer, m gpu.CSR, f int) {
	b.Helper()
	const steps = 3
	var held []gpu.Owned
	defer func() { d.Free(held...) }()
	matrix := func(rows, cols int) gpu.Matrix {
		x, err := d.Alloc(rows, cols)
		if err != nil {
			b.Fatal(err)
		}
		held = append(held, x)
		if err := d.Normal(x, .1, gpu.Key{Stream: uint64(len(held))}); err != nil {
			b.Fatal(err)
		}
		return x
	}
	r, err := d.NewSparse(m)
	if err != nil {
		b.Fatal(err)
	}
	held = append(held, r)
	x, y, p := matrix(m.Rows, f), matrix(m.Cols, f), gpu.Equations{Gram: matrix(f, f), Alpha: 1, Beta: 1, Lambda: matrix(m.Rows, 1), Steps: steps}
	from, to := matrix(1<<16, f), matrix(1<<16, f)
	if err := d.Fill(p.Lambda, 1); err != nil {
		b.Fatal(err)
	}
	timed := func(f func() error) time.Duration {
		t, err := d.Elapsed(f)
		if err != nil {
			b.Fatal(err)
		}
		return t
	}
	var solve, copied []time.Duration
	for b.Loop() {
		solve = append(solve, timed(func() error {
			if err := d.Syrk(p.Gram, y, 1, 0); err != nil {
				return err
			}
			return d.LeastSquares(b.Context(), x, r, y, p)
		}))
		copied = append(copied, timed(func() error { return d.Copy(to, from) }))
	}
	perSecond := func(bytes float64, t []time.Duration) float64 {
		slices.Sort(t)
		return bytes / t[len(t)/2].Seconds() / 1e9
	}
	b.ReportMetric(perSecond(float64(len(m.Indices))*float64(4*f)*(steps+1), solve), "GB/s")
	b.ReportMetric(perSecond(2*float64(from.Bytes()), copied), "copyGB/s")
	b.ReportMetric(float64(solve[len(solve)/2].Microseconds())/1e3, "ms/half-step")
}

// random has columns of very different popularity and rows of very different length.
func random(rows, cols, entries int) gpu.CSR {
	rng := rand.New(rand.NewPCG(1, 2))
	weights, total := make([]float64, rows), 0.0
	for u := range weights {
		weights[u] = rng.ExpFloat64() * rng.ExpFloat64()
		total += weights[u]
	}
	m := gpu.CSR{Rows: rows, Cols: cols, Indptr: make([]int64, 1, rows+1)}
	for _, w := range weights {
		n := min(int(float64(entries)*w/total), cols/2)
		row := make(map[int32]bool, n)
		for tries := 0; len(row) < n && tries < 4*n; tries++ {
			z := rng.Float64()
			row[int32(float64(cols)*z*z*z)] = true
		}
		lo := len(m.Indices)
		for i := range row {
			m.Indices = append(m.Indices, i)
		}
		slices.Sort(m.Indices[lo:])
		m.Indptr = append(m.Indptr, int64(len(m.Indices)))
	}
	return m
}
