package retrieve

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"llm4rec/models/dense"
)

// normalize makes the vectors length one. A vector of zeros stays.
func (x vectors) normalize() { dense.Normalize(x.v, x.dim) }

// axes are principal components: vectors are moved by the mean and turned. No axes leave them as they are.
type axes struct {
	mean  []float64
	turns *mat.Dense // dim×components; of whitening, with the inverse deviations
}

// principal finds so many of the directions in which the vectors vary most (Jolliffe 2002), and whitens: it divides by the
// standard deviation along each. Directions without variance are left out.
func principal(x vectors, components int, whiten bool) (*axes, error) {
	rows := mat.NewDense(x.len(), x.dim, nil)
	for n, v := range x.v {
		rows.Set(n/x.dim, n%x.dim, float64(v))
	}
	a := &axes{mean: make([]float64, x.dim)}
	for d := range a.mean {
		a.mean[d] = stat.Mean(mat.Col(nil, d, rows), nil)
	}
	var pc stat.PC
	if !pc.PrincipalComponents(rows, nil) {
		return nil, fmt.Errorf("no principal components of %d vectors", x.len())
	}
	var all mat.Dense
	pc.VectorsTo(&all)
	variances := pc.VarsTo(nil)
	for components > 0 && (components > len(variances) || variances[components-1] <= 1e-12*variances[0]) {
		components--
	}
	if components == 0 {
		return nil, fmt.Errorf("%d vectors without variance have no principal components", x.len())
	}
	a.turns = mat.DenseCopyOf(all.Slice(0, x.dim, 0, components))
	if whiten {
		for k := range components {
			for d := range x.dim {
				a.turns.Set(d, k, a.turns.At(d, k)/math.Sqrt(variances[k]))
			}
		}
	}
	return a, nil
}

func (a *axes) turn(x vectors) vectors {
	if a == nil {
		return x
	}
	_, dim := a.turns.Dims()
	moved := mat.NewDense(x.len(), x.dim, nil)
	for n, v := range x.v {
		moved.Set(n/x.dim, n%x.dim, float64(v)-a.mean[n%x.dim])
	}
	var turned mat.Dense
	turned.Mul(moved, a.turns)
	out := vectors{make([]float32, 0, x.len()*dim), dim}
	for _, v := range turned.RawMatrix().Data {
		out.v = append(out.v, float32(v))
	}
	return out
}
