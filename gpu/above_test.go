package gpu

import (
	"fmt"
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
					Above(got, gotEnds, scores, bias, cols, floors)
					plainAbove(want, wantEnds, scores, bias, cols, floors)
					if !slices.Equal(gotEnds, wantEnds) {
						t.Fatalf("got %v, want %v", gotEnds, wantEnds)
					}
					if rows > 0 && !slices.Equal(got[:gotEnds[rows-1]], want[:wantEnds[rows-1]]) {
						t.Fatalf("got %v, want %v", got, want)
					}
				})
			}
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
