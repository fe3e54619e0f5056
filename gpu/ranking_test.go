package gpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestAbove(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, cols := range []int{1, 15, 63, 64, 65, 512, 1000} {
		for rows := range 4 {
			for _, biased := range []bool{false, true} {
				t.Run(fmt.Sprint(rows, "x", cols, biased), func(t *testing.T) {
					scores, floors := make([]float32, rows*cols), make([]float32, rows)
					var bias []float32
					if biased {
						bias = make([]float32, cols)
					}
					for _, x := range [][]float32{scores, floors, bias} {
						for n := range x {
							x[n] = float32(r.IntN(20)) // many equal to the floor
						}
					}
					got, want := make([]int32, rows*cols), make([]int32, rows*cols)
					gotEnds, wantEnds := make([]int32, rows), make([]int32, rows)
					gotValues, wantValues := make([]float32, rows*cols), make([]float32, rows*cols)
					Above(got, gotValues, gotEnds, scores, bias, cols, floors)
					plainAbove(want, wantValues, wantEnds, scores, bias, cols, floors)
					if !slices.Equal(gotEnds, wantEnds) {
						t.Fatalf("got %v, want %v", gotEnds, wantEnds)
					}
					n := int32(0)
					if rows > 0 {
						n = wantEnds[rows-1]
					}
					if !slices.Equal(got[:n], want[:n]) || !slices.Equal(gotValues[:n], wantValues[:n]) {
						t.Fatalf("got %v of %v, want %v of %v", got[:n], gotValues[:n], want[:n], wantValues[:n])
					}
				})
			}
		}
	}
}

func TestKth(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 11))
	for n := 1; n < 60; n++ {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(r.IntN(n)-n/2) / 3
		}
		if n > 3 {
			x[0], x[1], x[2] = math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32
		}
		for k := 1; k <= n; k++ {
			if got, want := Kth(x, k), plainKth(x, k); got != want {
				t.Fatalf("Kth(%v, %d) = %g, want %g", x, k, got, want)
			}
		}
	}
}

func TestDots(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for f := range 70 {
		x, q, rows := make([]float32, 30*f), make([]float32, f), make([]int32, 0, 9)
		for n := range 10 {
			for _, v := range [][]float32{q, x} {
				for l := range v {
					v[l] = float32(r.NormFloat64())
				}
			}
			got, want := make([]float64, n), make([]float64, n)
			Dots(got, q, x, rows[:n])
			plainDots(want, q, x, rows[:n])
			if !slices.Equal(got, want) {
				t.Fatalf("f=%d: got %v, want %v", f, got, want)
			}
			if n < 9 {
				rows = append(rows, int32(r.IntN(30)))
			}
		}
	}
}

// The sum is checked against the same one in another order.
func TestDot(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for n := range 70 {
		a, b := make([]float32, n), make([]float32, n)
		for l := range n {
			a[l], b[l] = float32(r.NormFloat64()), float32(r.NormFloat64())
		}
		var want, size float64
		for l := n - 1; l >= 0; l-- {
			p := float64(a[l]) * float64(b[l])
			want, size = want+p, size+math.Abs(p)
		}
		if got := Dot(a, b); math.Abs(got-want) > 2*float64(n)*0x1p-53*size {
			t.Errorf("n=%d: got %g, want %g", n, got, want)
		}
	}
}

func TestEven(t *testing.T) {
	for n := range 3000 {
		for _, most := range []int{1, 7, 256} {
			size := Even(n, most)
			if size < 1 || size > most {
				t.Fatalf("Even(%d, %d) = %d", n, most, size)
			}
		}
	}
}
