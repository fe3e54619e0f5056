package gpu

import "context"

// reference is a device in plain Go, written to be obviously right: it is what the others are compared with. Sums are in
// float64, in ascending order.
type reference struct{ host }

// Reference returns the plain-Go device. Its new memory holds NaN.
func Reference() Device { return &reference{host{poison: true}} }

func (*reference) Name() string  { return "reference" }
func (*reference) Kind() string  { return "cpu" }
func (*reference) About() string { return "plain Go" }

// rowsAtATime is how many rows a worker takes where a row is cheap.
const rowsAtATime = 64

// forRows calls f for every row, on all cores. The rows must not depend on each other.
func forRows(n int, f func(r int)) {
	err := Blocks(context.Background(), n, rowsAtATime, func() func(lo, hi int) error {
		return func(lo, hi int) error {
			for r := lo; r < hi; r++ {
				f(r)
			}
			return nil
		}
	})
	if err != nil {
		panic(err) // no body returns one
	}
}

func (*reference) Gemm(c, a, b Tile, alpha, beta float32, batch int) error {
	m, n, k := CheckGemm(c, a, b, batch)
	for number := range batch {
		forRows(m, func(i int) {
			for j := range n {
				sum := 0.0
				for l := range k {
					sum += float64(a.at(number, i, l)) * float64(b.at(number, l, j))
				}
				to := &c.M.Host[c.Offset+number*c.Step+i*c.Stride+j]
				*to = combine(alpha, sum, beta, *to)
			}
		})
	}
	return nil
}

// at is element (i, j) of tile n of a batch, as a factor of a product.
func (t Tile) at(n, i, j int) float32 {
	if t.Trans {
		i, j = j, i
	}
	return t.M.Host[t.Offset+n*t.Step+i*t.Stride+j]
}

// combine is α·sum + β·old, which does not look at old where β is 0.
func combine(alpha float32, sum float64, beta, old float32) float32 {
	x := float64(alpha) * sum
	if beta != 0 {
		x += float64(beta) * float64(old)
	}
	return float32(x)
}

func (d *reference) Syrk(c, a Matrix, alpha, beta float32) error {
	CheckSyrk(c, a)
	return d.Gemm(c.Tile(), a.Tile().T(), a.Tile(), alpha, beta, 1)
}

func (*reference) SolveCholesky(a, b Matrix) error {
	batch, f := CheckSolve(a, b)
	return solveEach(batch, func(n int) error {
		m, x := make([]float64, f*f), make([]float64, f)
		for i, v := range a.Host[n*f*f : (n+1)*f*f] {
			m[i] = float64(v)
		}
		for i, v := range b.row(n) {
			x[i] = float64(v)
		}
		if !cholesky(m, x) {
			return singular("system", n)
		}
		for i, v := range x {
			b.row(n)[i] = float32(v)
		}
		return nil
	})
}
