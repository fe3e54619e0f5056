package gputest

import (
	"math"
	"testing"

	"llm4rec/gpu"
)

func TestBrokenNetworksFail(t *testing.T) {
	notice(t, []broken{
		{"β is ignored", "Sum", "", func(d gpu.Device) gpu.Device { return ignoresSecond{d} }},
		{"sums are in float32", "ColumnSums", "long", func(d gpu.Device) gpu.Device { return float32Columns{d} }},
		{"Φ is approximated by tanh", "Activate", "GELU", func(d gpu.Device) gpu.Device { return tanhGELU{d} }},
		{"the slope at 0 is 1", "ActivateGrad", "ReLU", func(d gpu.Device) gpu.Device { return slopeAtZero{d} }},
		{"a position's mask depends on its row", "Drop", "", func(d gpu.Device) gpu.Device { return dropsByRow{d} }},
		{"the variance is that of a sample", "LayerNorm", "", func(d gpu.Device) gpu.Device { return sampleVariance{d} }},
		{"the gradient of the gain is that of the bias", "LayerNormGrad", "", func(d gpu.Device) gpu.Device { return mixedGradients{d} }},
		{"the future is seen", "Attend", "", func(d gpu.Device) gpu.Device { return seesFuture{d} }},
		{"the backward way drops other weights", "AttendGrad", "", func(d gpu.Device) gpu.Device { return otherMask{d} }},
		{"sequences end too late", "Attend", "", func(d gpu.Device) gpu.Device { return oneSequence{d} }},
		{"a state outlives its sequence", "Recur", "", func(d gpu.Device) gpu.Device { return outlives{d} }},
		{"the recurrent bias is ignored", "Recur", "", func(d gpu.Device) gpu.Device { return noRecurrentBias{d} }},
		{"the gradient by the first state is counted", "RecurGrad", "", func(d gpu.Device) gpu.Device { return outlives{d} }},
		{"the reset does not multiply the candidate's gradient", "RecurGrad", "", func(d gpu.Device) gpu.Device { return noReset{d} }},
		{"all rows are classes", "Softmax", "", func(d gpu.Device) gpu.Device { return allClasses{d} }},
		{"positions without a target count", "Softmax", "", func(d gpu.Device) gpu.Device { return countsAll{d} }},
		{"the bias is ignored", "Sampled", "", func(d gpu.Device) gpu.Device { return noBias{d} }},
		{"β is ignored", "Sampled", "", func(d gpu.Device) gpu.Device { return noBeta{d} }},
		{"the gradient is not cut", "Adam", "", func(d gpu.Device) gpu.Device { return noClip{d} }},
		{"another result every time", "AttendGrad", "", func(d gpu.Device) gpu.Device { return &restless{Device: d} }},
	})
}

type ignoresSecond struct{ gpu.Device }

func (d ignoresSecond) Sum(y, a, b gpu.Matrix, alpha, beta float32) error {
	return d.Device.Sum(y, a, b, alpha, min(beta, 1))
}

type float32Columns struct{ gpu.Device }

func (d float32Columns) ColumnSums(dst, x gpu.Matrix) error {
	clear(dst.Host)
	for i, v := range x.Host {
		dst.Host[i%x.Cols] += v
	}
	return nil
}

type tanhGELU struct{ gpu.Device }

func (d tanhGELU) Activate(y, x gpu.Matrix, f gpu.Activation) error {
	if f == gpu.ReLU {
		return d.Device.Activate(y, x, f)
	}
	for i, v := range x.Host {
		v := float64(v)
		y.Host[i] = float32(v / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+.044715*v*v*v))))
	}
	return nil
}

type slopeAtZero struct{ gpu.Device }

func (d slopeAtZero) ActivateGrad(dx, x, dy gpu.Matrix, f gpu.Activation) error {
	for i, v := range x.Host {
		if v >= 0 {
			dx.Host[i] = dy.Host[i]
		} else {
			dx.Host[i] = 0
		}
	}
	return nil
}

type dropsByRow struct{ gpu.Device }

func (d dropsByRow) Drop(y, x, r gpu.Matrix, p gpu.Dropout) error {
	p.Key.Stream += uint64(x.Rows / 2)
	return d.Device.Drop(y, x, r, p)
}

type sampleVariance struct{ gpu.Device }

func (d sampleVariance) LayerNorm(y, x, gain, bias gpu.Matrix, epsilon float32) error {
	scaled := gpu.OnHost(1, gain.Cols, make([]float32, gain.Cols))
	for i, v := range gain.Host {
		scaled.Host[i] = v * float32(math.Sqrt(1-1/float64(x.Cols)))
	}
	return d.Device.LayerNorm(y, x, scaled, bias, epsilon)
}

type mixedGradients struct{ gpu.Device }

func (d mixedGradients) LayerNormGrad(dx, dgain, dbias, x, gain, dy gpu.Matrix, epsilon float32) error {
	return d.Device.LayerNormGrad(dx, dbias, dgain, x, gain, dy, epsilon)
}

type seesFuture struct{ gpu.Device }

func (d seesFuture) Attend(y, qkv gpu.Matrix, starts gpu.Ints, p gpu.Attention) error {
	p.Causal = false
	return d.Device.Attend(y, qkv, starts, p)
}

type otherMask struct{ gpu.Device }

func (d otherMask) AttendGrad(dqkv, qkv, dy gpu.Matrix, starts gpu.Ints, p gpu.Attention) error {
	p.Longest += 8
	return d.Device.AttendGrad(dqkv, qkv, dy, starts, p)
}

// whole is one sequence of all rows.
func whole(y gpu.Matrix) gpu.Ints {
	return gpu.Ints{Array: gpu.Array[int32]{Host: []int32{0, int32(y.Rows)}, Len: 2}}
}

type oneSequence struct{ gpu.Device }

func (d oneSequence) Attend(y, qkv gpu.Matrix, starts gpu.Ints, p gpu.Attention) error {
	return d.Device.Attend(y, qkv, whole(y), p)
}

type outlives struct{ gpu.Device }

func (d outlives) Recur(y, x, u, bias gpu.Matrix, _ gpu.Ints) error {
	return d.Device.Recur(y, x, u, bias, whole(y))
}

func (d outlives) RecurGrad(dx, du, dbias, x, u, bias, y, dy gpu.Matrix, _ gpu.Ints) error {
	return d.Device.RecurGrad(dx, du, dbias, x, u, bias, y, dy, whole(y))
}

type noRecurrentBias struct{ gpu.Device }

func (d noRecurrentBias) Recur(y, x, u, bias gpu.Matrix, starts gpu.Ints) error {
	return d.Device.Recur(y, x, u, gpu.OnHost(1, bias.Cols, make([]float32, bias.Cols)), starts)
}

type noReset struct{ gpu.Device }

func (d noReset) RecurGrad(dx, du, dbias, x, u, bias, y, dy gpu.Matrix, starts gpu.Ints) error {
	err := d.Device.RecurGrad(dx, du, dbias, x, u, bias, y, dy, starts)
	for l := range y.Cols {
		dbias.Host[2*y.Cols+l] = 0
		for r := range y.Rows {
			dbias.Host[2*y.Cols+l] += dx.Host[r*dx.Cols+2*y.Cols+l]
		}
	}
	return err
}

type allClasses struct{ gpu.Device }

func (d allClasses) Softmax(loss, dh, de, h, e gpu.Matrix, targets gpu.Ints, _ int) error {
	return d.Device.Softmax(loss, dh, de, h, e, targets, e.Rows)
}

type countsAll struct{ gpu.Device }

func (d countsAll) Softmax(loss, dh, de, h, e gpu.Matrix, targets gpu.Ints, classes int) error {
	err := d.Device.Softmax(loss, dh, de, h, e, targets, classes)
	counted := 0
	for _, t := range targets.Host {
		if t >= 0 {
			counted++
		}
	}
	loss.Host[0] *= float32(counted) / float32(max(targets.Len, 1))
	return err
}

type noBias struct{ gpu.Device }

func (d noBias) Sampled(loss, dh, de, h, e gpu.Matrix, ids gpu.Ints, p gpu.Sampling) error {
	p.Bias = gpu.Matrix{}
	return d.Device.Sampled(loss, dh, de, h, e, ids, p)
}

type noBeta struct{ gpu.Device }

func (d noBeta) Sampled(loss, dh, de, h, e gpu.Matrix, ids gpu.Ints, p gpu.Sampling) error {
	p.Beta = 1
	return d.Device.Sampled(loss, dh, de, h, e, ids, p)
}

type noClip struct{ gpu.Device }

func (d noClip) Adam(w, g, m, v gpu.Matrix, p gpu.Adam) error {
	p.Clip = 1
	return d.Device.Adam(w, g, m, v, p)
}

// restless is off by a bit every other time.
type restless struct {
	gpu.Device
	calls int
}

func (d *restless) AttendGrad(dqkv, qkv, dy gpu.Matrix, starts gpu.Ints, p gpu.Attention) error {
	err := d.Device.AttendGrad(dqkv, qkv, dy, starts, p)
	if d.calls++; d.calls%2 == 0 {
		for i, v := range dqkv.Host {
			dqkv.Host[i] = math.Nextafter32(v, 0)
		}
	}
	return err
}
