package gputest

import (
	"context"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"llm4rec/gpu"
)

// broken is a mistake of a device in an operation.
type broken struct {
	name, op string
	of       string // what the names of the cases contain that could find it
	device   func(d gpu.Device) gpu.Device
}

// notice fails where the suite does not find what a device does wrong.
func notice(t *testing.T, devices []broken) {
	t.Helper()
	for _, c := range devices {
		t.Run(c.name, func(t *testing.T) {
			d := c.device(gpu.Reference())
			for _, check := range Checks() {
				if check.Op == c.op && strings.Contains(check.Case, c.of) {
					if err := check.On(d); err != nil {
						t.Logf("%s: %v", check.Case, err)
						return
					}
				}
			}
			t.Errorf("no check of %s failed", c.op)
		})
	}
}

func TestBrokenDevicesFail(t *testing.T) {
	notice(t, []broken{
		{"β is ignored", "Gemm", "", func(d gpu.Device) gpu.Device { return ignoresBeta{d} }},
		{"C is read with β = 0", "Gemm", "", func(d gpu.Device) gpu.Device { return readsResult{d} }},
		{"it writes between tiles", "Gemm", "", func(d gpu.Device) gpu.Device { return writesBetweenTiles{d} }},
		{"products with the digits of TF32", "Gemm", "", func(d gpu.Device) gpu.Device { return fewDigits{d} }},
		{"the last row is left out", "Syrk", "", func(d gpu.Device) gpu.Device { return lastRow{d} }},
		{"sums are in float32", "Syrk", "long", func(d gpu.Device) gpu.Device { return float32Sums{d} }},
		{"singular matrices are solved", "SolveCholesky", "singular", func(d gpu.Device) gpu.Device { return solvesAll{d} }},
		{"rows are added in descending order", "ScatterAdd", "", func(d gpu.Device) gpu.Device { return descending{d} }},
		{"negative rows are not set to zero", "Gather", "", func(d gpu.Device) gpu.Device { return skipsNegative{d} }},
		{"ties by descending column", "TopK", "", func(d gpu.Device) gpu.Device { return lastTie{d} }},
		{"nothing is excluded", "TopK", "", func(d gpu.Device) gpu.Device { return excludesNothing{d} }},
		{"draws depend on the shape", "Uniform", "", func(d gpu.Device) gpu.Device { return drawsByShape{d} }},
		{"the variance is given for the standard deviation", "Normal", "", func(d gpu.Device) gpu.Device { return drawsByShape{d} }},
		{"solutions are rounded to float16", "LeastSquares", "steps=3", func(d gpu.Device) gpu.Device { return roundedSolutions{d} }},
		{"one step is missing", "LeastSquares", "", func(d gpu.Device) gpu.Device { return oneStepLess{d} }},
		{"rows depend on the others", "LeastSquares", "by itself", func(d gpu.Device) gpu.Device { return dependentRows{d} }},
		{"the context is ignored", "LeastSquares", "context", func(d gpu.Device) gpu.Device { return endless{d} }},
		{"values are ignored", "ObservedLoss", "counts=true", func(d gpu.Device) gpu.Device { return noValues{d} }},
		{"weights are ignored", "SquaredNorm", "", func(d gpu.Device) gpu.Device { return noWeights{d} }},
		{"memory is not given back", "Memory", "in use", func(d gpu.Device) gpu.Device { return leaks{d} }},
		{"it leaks where an operation needs memory", "Gemm", "", func(d gpu.Device) gpu.Device { return leaksWorkspace{d} }},
		{"lengths are not checked", "Misuse", "", func(d gpu.Device) gpu.Device { return forgiving{d} }},
		{"calls disturb each other", "Concurrency", "", func(d gpu.Device) gpu.Device { return &oneBuffer{Device: d} }},
	})
}

type ignoresBeta struct{ gpu.Device }

func (d ignoresBeta) Gemm(c, a, b gpu.Tile, alpha, _ float32, batch int) error {
	return d.Device.Gemm(c, a, b, alpha, 0, batch)
}

type readsResult struct{ gpu.Device }

func (d readsResult) Gemm(c, a, b gpu.Tile, alpha, beta float32, batch int) error {
	return d.Device.Gemm(c, a, b, alpha, max(beta, math.SmallestNonzeroFloat32), batch)
}

type writesBetweenTiles struct{ gpu.Device }

func (d writesBetweenTiles) Gemm(c, a, b gpu.Tile, alpha, beta float32, batch int) error {
	if c.Offset > 0 {
		c.M.Host[c.Offset-1] = 0
	}
	return d.Device.Gemm(c, a, b, alpha, beta, batch)
}

type fewDigits struct{ gpu.Device }

func (d fewDigits) Gemm(c, a, b gpu.Tile, alpha, beta float32, batch int) error {
	return d.Device.Gemm(c, a, b, alpha*(1+0x1p-11), beta, batch)
}

type lastRow struct{ gpu.Device }

func (d lastRow) Syrk(c, a gpu.Matrix, alpha, beta float32) error {
	if a.Rows > 256 {
		a.Rows--
	}
	return d.Device.Syrk(c, a, alpha, beta)
}

type float32Sums struct{ gpu.Device }

func (d float32Sums) Syrk(c, a gpu.Matrix, alpha, beta float32) error {
	f := a.Cols
	for i := range f {
		for j := range f {
			sum := float32(0)
			for r := range a.Rows {
				sum += a.Host[r*f+i] * a.Host[r*f+j]
			}
			sum *= alpha
			if beta != 0 {
				sum += beta * c.Host[i*f+j]
			}
			c.Host[i*f+j] = sum
		}
	}
	return nil
}

type solvesAll struct{ gpu.Device }

func (d solvesAll) SolveCholesky(a, b gpu.Matrix) error {
	d.Device.SolveCholesky(a, b)
	return nil
}

type descending struct{ gpu.Device }

func (d descending) ScatterAdd(dst, src gpu.Matrix, rows gpu.Ints) error {
	for n := rows.Len - 1; n >= 0; n-- {
		if r := int(rows.Host[n]); r >= 0 {
			for l := range dst.Cols {
				dst.Host[r*dst.Cols+l] += src.Host[n*src.Cols+l]
			}
		}
	}
	return nil
}

type skipsNegative struct{ gpu.Device }

func (d skipsNegative) Gather(dst, src gpu.Matrix, rows gpu.Ints) error {
	for n, r := range rows.Host {
		if r >= 0 {
			copy(dst.Host[n*dst.Cols:(n+1)*dst.Cols], src.Host[int(r)*src.Cols:])
		}
	}
	return nil
}

type lastTie struct{ gpu.Device }

func (d lastTie) TopK(ids gpu.Ints, scores, x gpu.Matrix, exclude *gpu.Sparse) error {
	err := d.Device.TopK(ids, scores, x, exclude)
	for n := 1; n < ids.Len; n++ {
		if n%scores.Cols > 0 && scores.Host[n] == scores.Host[n-1] {
			ids.Host[n], ids.Host[n-1] = ids.Host[n-1], ids.Host[n]
		}
	}
	return err
}

type excludesNothing struct{ gpu.Device }

func (d excludesNothing) TopK(ids gpu.Ints, scores, x gpu.Matrix, _ *gpu.Sparse) error {
	return d.Device.TopK(ids, scores, x, nil)
}

type drawsByShape struct{ gpu.Device }

func (d drawsByShape) Uniform(dst gpu.Matrix, k gpu.Key) error {
	if dst.Rows > 1 {
		k.Stream += uint64(dst.Cols / 2)
	}
	return d.Device.Uniform(dst, k)
}

func (d drawsByShape) Normal(dst gpu.Matrix, sd float32, k gpu.Key) error {
	return d.Device.Normal(dst, sd*sd, k)
}

type roundedSolutions struct{ gpu.Device }

func (d roundedSolutions) LeastSquares(ctx context.Context, x gpu.Matrix, r gpu.Sparse, y gpu.Matrix, p gpu.Equations) error {
	err := d.Device.LeastSquares(ctx, x, r, y, p)
	for i, v := range x.Host {
		x.Host[i] = math.Float32frombits(math.Float32bits(v) &^ (1<<13 - 1))
	}
	return err
}

type oneStepLess struct{ gpu.Device }

func (d oneStepLess) LeastSquares(ctx context.Context, x gpu.Matrix, r gpu.Sparse, y gpu.Matrix, p gpu.Equations) error {
	if p.Steps > 1 {
		p.Steps--
	}
	return d.Device.LeastSquares(ctx, x, r, y, p)
}

type dependentRows struct{ gpu.Device }

func (d dependentRows) LeastSquares(ctx context.Context, x gpu.Matrix, r gpu.Sparse, y gpu.Matrix, p gpu.Equations) error {
	err := d.Device.LeastSquares(ctx, x, r, y, p)
	if x.Rows < 10 { // the last bit, by the number of rows
		for i, v := range x.Host {
			x.Host[i] = math.Nextafter32(v, 0)
		}
	}
	return err
}

type endless struct{ gpu.Device }

func (d endless) LeastSquares(_ context.Context, x gpu.Matrix, r gpu.Sparse, y gpu.Matrix, p gpu.Equations) error {
	return d.Device.LeastSquares(context.Background(), x, r, y, p)
}

type noValues struct{ gpu.Device }

func (d noValues) ObservedLoss(x gpu.Matrix, r gpu.Sparse, y gpu.Matrix, p gpu.Equations) (float64, error) {
	r.Values = gpu.Array[float32]{}
	return d.Device.ObservedLoss(x, r, y, p)
}

type noWeights struct{ gpu.Device }

func (d noWeights) SquaredNorm(x, weights gpu.Matrix) (float64, error) {
	for i := range weights.Host {
		weights.Host[i] = 1
	}
	return d.Device.SquaredNorm(x, weights)
}

type leaks struct{ gpu.Device }

func (leaks) Free(...gpu.Owned) {}

type leaksWorkspace struct{ gpu.Device }

func (d leaksWorkspace) Gemm(c, a, b gpu.Tile, alpha, beta float32, batch int) error {
	if _, err := d.Alloc(1, 1); err != nil {
		return err
	}
	return d.Device.Gemm(c, a, b, alpha, beta, batch)
}

type forgiving struct{ gpu.Device }

func (d forgiving) Upload(dst gpu.Matrix, src []float32) error {
	copy(dst.Host, src)
	return nil
}

// oneBuffer brings data to the device through a buffer that all calls share.
type oneBuffer struct {
	gpu.Device
	mutex  sync.Mutex
	buffer []float32
}

func (d *oneBuffer) Upload(dst gpu.Matrix, src []float32) error {
	d.mutex.Lock()
	d.buffer = src
	d.mutex.Unlock()
	time.Sleep(50 * time.Microsecond)
	d.mutex.Lock()
	defer d.mutex.Unlock()
	copy(dst.Host, d.buffer)
	return nil
}
