package retrieve

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"llm4rec/llm/svd"
	"llm4rec/models/dense"
)

// normalize makes the vectors length one. A vector of zeros stays.
func (x vectors) normalize() { dense.Normalize(x.v, x.dim) }

// axes are principal components: vectors are moved by the mean and turned. No axes leave them as they are.
type axes struct {
	mean  []float64
	turns *mat.Dense // dim×components; of whitening, with the inverse deviations
}

// centred is a matrix whose rows have their mean taken away.
type centred struct{ *mat.Dense }

func (c centred) Times(m *mat.Dense) *mat.Dense {
	var out mat.Dense
	out.Mul(c.Dense, m)
	return &out
}

func (c centred) TransposedTimes(m *mat.Dense) *mat.Dense {
	var out mat.Dense
	out.Mul(c.T(), m)
	return &out
}

// principal finds so many of the directions in which the vectors vary most (Jolliffe 2002), and whitens: it divides by the
// standard deviation along each. Directions without variance are left out.
func principal(ctx context.Context, x vectors, components int, whiten bool, seed uint64) (*axes, error) {
	a := &axes{mean: make([]float64, x.dim)}
	for n, v := range x.v {
		a.mean[n%x.dim] += float64(v) / float64(x.len())
	}
	rows := a.moved(x)
	if mat.Norm(rows, 2) <= 1e-12*float64(x.len()) {
		return nil, fmt.Errorf("%d vectors without variance have no principal components", x.len())
	}
	basis, values, err := svd.Right(ctx, centred{rows}, components, seed)
	if err != nil {
		return nil, err
	}
	if a.turns = basis; whiten {
		for k, v := range values {
			deviation := v / math.Sqrt(float64(max(1, x.len()-1)))
			for d := range x.dim {
				a.turns.Set(d, k, a.turns.At(d, k)/deviation)
			}
		}
	}
	return a, nil
}

// moved are the vectors with the mean at the origin.
func (a *axes) moved(x vectors) *mat.Dense {
	out := mat.NewDense(x.len(), x.dim, nil)
	for n, v := range x.v {
		out.Set(n/x.dim, n%x.dim, float64(v)-a.mean[n%x.dim])
	}
	return out
}

func (a *axes) turn(x vectors) vectors {
	if a == nil {
		return x
	}
	_, dim := a.turns.Dims()
	var turned mat.Dense
	turned.Mul(a.moved(x), a.turns)
	out := vectors{make([]float32, 0, x.len()*dim), dim}
	for _, v := range turned.RawMatrix().Data {
		out.v = append(out.v, float32(v))
	}
	return out
}
