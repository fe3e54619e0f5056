package als

import (
	"cmp"
	"context"
	"errors"
	"math"

	"llm4rec/data"
	"llm4rec/gpu"
)

// training is what an iteration needs, in the memory of the device.
type training struct {
	config Config
	device gpu.Device
	x, y   gpu.Matrix // users×f, items×f
	gram   gpu.Matrix // f×f
	users  side       // rows of R
	items  side       // rows of Rᵀ
}

// side is what it takes to solve for the users, or for the items.
type side struct {
	r      gpu.Sparse
	lambda gpu.Matrix
}

// Of several calls to the device, the first error says what went wrong: once a device is lost, every call fails alike.
// Hence cmp.Or below.

// begin takes memory for a training on the matrix of interaction counts.
func (c Config) begin(r *data.Matrix) (_ *training, err error) {
	t := &training{config: c, device: c.device()}
	defer func() {
		if err != nil {
			t.close()
		}
	}()
	if t.x, err = t.device.Alloc(r.Rows, c.Factors); err != nil {
		return nil, err
	}
	if t.y, err = t.device.Alloc(r.Cols, c.Factors); err != nil {
		return nil, err
	}
	if t.gram, err = t.device.Alloc(c.Factors, c.Factors); err != nil {
		return nil, err
	}
	return t, cmp.Or(t.users.fill(c, t.device, r), t.items.fill(c, t.device, r.Transpose()))
}

func (s *side) fill(c Config, d gpu.Device, r *data.Matrix) (err error) {
	if s.r, err = d.NewSparse(csr(r)); err != nil {
		return err
	}
	if s.lambda, err = d.Alloc(r.Rows, 1); err != nil {
		return err
	}
	return d.Upload(s.lambda, c.lambdas(r))
}

func (t *training) close() {
	t.device.Free(t.x, t.y, t.gram, t.users.r, t.users.lambda, t.items.r, t.items.lambda)
}

// draw makes normal vectors. Users start from them only where the solver is iterative.
func (t *training) draw() error {
	c := t.config
	return cmp.Or(t.device.Normal(t.x, c.sd(), c.stream(streamUsers)), t.device.Normal(t.y, c.sd(), c.stream(streamItems)))
}

// sd is the standard deviation of an element of an initial vector.
func (c Config) sd() float32 { return float32(c.InitScale / math.Sqrt(float64(c.Factors))) }

func (c Config) stream(purpose uint64) gpu.Key { return gpu.Key{Seed: c.Seed, Stream: purpose} }

// iterate solves for the users, then for the items.
func (t *training) iterate(ctx context.Context) error {
	if err := t.solve(ctx, t.x, t.users, t.y); err != nil {
		return err
	}
	return t.solve(ctx, t.y, t.items, t.x)
}

// solve sets every row of x to the solution of its least-squares problem, or moves it there, with y fixed:
//
//	(w₀·YᵀY + Σ α·r·y·yᵀ + λ_u·I)·x_u = Σ b·y
//
// where the sums go over the row of r and b is the right-hand side's coefficient of the loss (Hu et al., eq. 4).
func (t *training) solve(ctx context.Context, x gpu.Matrix, s side, y gpu.Matrix) error {
	if err := t.device.Syrk(t.gram, y, float32(t.config.UnobservedWeight), 0); err != nil {
		return err
	}
	if err := t.device.LeastSquares(ctx, x, s.r, y, t.config.equations(t.gram, s.lambda)); err != nil {
		return err
	}
	return t.device.Sync()
}

// equations are the coefficients of the normal equations.
func (c Config) equations(gram, lambda gpu.Matrix) gpu.Equations {
	p := gpu.Equations{Gram: gram, Alpha: float32(c.Alpha), Lambda: lambda}
	if c.Loss == Hu {
		p.Beta = float32(c.UnobservedWeight)
	}
	if c.Solver == ConjugateGradient {
		p.Steps = c.CGSteps
	}
	return p
}

// lambdas is the regularisation of every row.
func (c Config) lambdas(r *data.Matrix) []float32 {
	out := make([]float32, r.Rows)
	for u := range out {
		out[u] = float32(c.lambda(int(r.Indptr[u+1]-r.Indptr[u]), r.Cols))
	}
	return out
}

// loss is the objective of the package's comment, without the dense matrix of scores: the part of all pairs is
// w₀·Σ_ui ŷ² = w₀·⟨XᵀX, YᵀY⟩.
func (t *training) loss() (float64, error) {
	w := t.config.UnobservedWeight
	users, err1 := t.downloadGram(t.x, 1)
	items, err2 := t.downloadGram(t.y, float32(w))
	total := 0.0
	for n := range users {
		total += float64(users[n]) * float64(items[n])
	}
	observed, err3 := t.device.ObservedLoss(t.x, t.users.r, t.y, t.config.equations(gpu.Matrix{}, gpu.Matrix{}))
	x, err4 := t.device.SquaredNorm(t.x, t.users.lambda)
	y, err5 := t.device.SquaredNorm(t.y, t.items.lambda)
	return total + observed + x + y, cmp.Or(err1, err2, err3, err4, err5)
}

func (t *training) downloadGram(y gpu.Matrix, w float32) ([]float32, error) {
	out := make([]float32, t.gram.Len)
	return out, cmp.Or(t.device.Syrk(t.gram, y, w, 0), t.device.Download(out, t.gram))
}

// download returns the factors as they are.
func (t *training) download() (x, y factors, err error) {
	x, y = factors{t.x.Rows, t.x.Cols, make([]float32, t.x.Len)}, factors{t.y.Rows, t.y.Cols, make([]float32, t.y.Len)}
	return x, y, cmp.Or(t.device.Download(x.v, t.x), t.device.Download(y.v, t.y))
}

// advice says what to do about equations without a solution.
func advice(err error) string {
	if errors.Is(err, gpu.ErrSingular) {
		return ": raise regularization"
	}
	return ""
}
