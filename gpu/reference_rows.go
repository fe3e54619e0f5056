package gpu

import (
	"cmp"
	"context"
	"math"
	"slices"
)

func (*reference) Gather(dst, src Matrix, rows Ints) error {
	CheckRows(dst, src, rows)
	for n, r := range rows.Host {
		if r < 0 {
			clear(dst.row(n))
			continue
		}
		copy(dst.row(n), src.row(int(r)))
	}
	return nil
}

func (*reference) ScatterAdd(dst, src Matrix, rows Ints) error {
	CheckRows(src, dst, rows)
	for n, r := range rows.Host {
		if r < 0 {
			continue
		}
		to := dst.row(int(r))
		for l, v := range src.row(n) {
			to[l] += v
		}
	}
	return nil
}

func (*reference) TopK(ids Ints, scores, x Matrix, exclude *Sparse) error {
	k := CheckTopK(ids, scores, x, exclude)
	forRows(x.Rows, func(r int) {
		var masked []int32
		if exclude != nil {
			masked, _ = exclude.row(r)
		}
		row := x.row(r)
		var columns []int32
		for c, v := range row {
			if v == v && without(masked, int32(c)) {
				columns = append(columns, int32(c))
			}
		}
		slices.SortStableFunc(columns, func(a, b int32) int { return cmp.Compare(row[b], row[a]) })
		for n := range k {
			id, score := int32(-1), float32(math.Inf(-1))
			if n < len(columns) {
				id, score = columns[n], row[columns[n]]
			}
			ids.Host[r*k+n], scores.Host[r*k+n] = id, score
		}
	})
	return nil
}

// elementsAtATime is a multiple of the four that share a block of Philox.
const elementsAtATime = 4096

func (*reference) Uniform(dst Matrix, k Key) error {
	return draws(dst, func(part []float32, first int) { drawUniform(part, k, first) })
}

func (*reference) Normal(dst Matrix, sd float32, k Key) error {
	return draws(dst, func(part []float32, first int) { drawNormal(part, sd, k, first) })
}

func draws(dst Matrix, draw func(part []float32, first int)) error {
	return Blocks(context.Background(), dst.Len, elementsAtATime, func() func(lo, hi int) error {
		return func(lo, hi int) error {
			draw(dst.Host[lo:hi], lo)
			return nil
		}
	})
}

func (*reference) SquaredNorm(x, weights Matrix) (float64, error) {
	CheckWeights(x, weights)
	total := 0.0
	for r, w := range weights.Host {
		total += float64(w) * inner(x.row(r), x.row(r))
	}
	return total, nil
}

// inner is the inner product in float64.
func inner(a, b []float32) float64 {
	b = b[:len(a)]
	sum := 0.0
	for l, v := range a {
		sum += float64(v) * float64(b[l])
	}
	return sum
}
