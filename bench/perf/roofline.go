package perf

import "llm4rec/models/als"

// Work is what a computation asks of a machine.
type Work struct {
	Flops float64 `json:"flops"` // a multiplication and an addition are two
	Bytes float64 `json:"bytes"` // read as rows of factors
}

func (w Work) plus(v Work) Work { return Work{w.Flops + v.Flops, w.Bytes + v.Bytes} }

// Speed is what a machine was seen to do in a second.
type Speed struct {
	Flops float64 `json:"flops"`
	Bytes float64 `json:"bytes"`
}

// Limit is the least number of seconds that the work takes at that speed: the roofline of Williams, Waterman & Patterson
// (CACM 2009), on which arithmetic and reading go on at the same time.
func (s Speed) Limit(w Work) float64 { return max(w.Flops/s.Flops, w.Bytes/s.Bytes) }

// half is the work of solving for so many rows, with so many columns fixed: of the normal equations
//
//	(YᵀY + Σ y·yᵀ + λ·I)·x = Σ y
//
// one triangle of YᵀY takes columns·f² flops. With conjugate gradients, the first residual and every step multiply by
// YᵀY, 2·f² a row, and pass over the entries, each with a product and a sum of 2·f and a row of Y to read. The exact
// solution adds up one triangle an entry, f², and its right-hand side, 2·f, reading Y once, then decomposes, f³/3 a row,
// and substitutes twice, 2·f².
//
// What is of a lower order is left out: vector updates, and reading the matrix itself.
func half(c als.Config, rows, columns, entries int) Work {
	f, r, n := float64(c.Factors), float64(rows), float64(entries)
	w := Work{Flops: float64(columns) * f * f}
	if c.Solver == als.Cholesky {
		return w.plus(Work{n*(f*f+2*f) + r*(f*f*f/3+2*f*f), 4 * n * f})
	}
	passes := float64(c.CGSteps + 1)
	return w.plus(Work{passes * (2*r*f*f + 4*n*f), passes * 4 * n * f})
}
