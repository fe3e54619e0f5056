package gputest

import (
	"fmt"

	"llm4rec/gpu"
)

// scope is a device during a check: an error of the device ends the check, and what the check allocated is freed.
type scope struct {
	gpu.Device
	owned []gpu.Owned
}

// failure is what ok panics with, and within catches.
type failure struct{ error }

// within calls f with a scope of the device.
func within(d gpu.Device, f func(s *scope)) (err error) {
	s := &scope{Device: d}
	defer func() {
		p := recover()
		d.Free(s.owned...)
		switch p := p.(type) {
		case nil:
		case failure:
			err = p.error
		default:
			panic(p)
		}
	}()
	f(s)
	s.ok(d.Sync())
	return nil
}

// both computes the same on a device and on the reference.
func both(d gpu.Device, compute func(s *scope) []float32) (got, want []float32, err error) {
	if err = within(d, func(s *scope) { got = compute(s) }); err != nil {
		return nil, nil, err
	}
	if err = within(gpu.Reference(), func(s *scope) { want = compute(s) }); err != nil {
		return nil, nil, fmt.Errorf("reference: %w", err)
	}
	return got, want, nil
}

func (s *scope) ok(err error) {
	if err != nil {
		panic(failure{err})
	}
}

// alloc returns a matrix that holds NaN.
func (s *scope) alloc(rows, cols int) gpu.Matrix {
	return s.matrix(rows, cols, constant(rows*cols, nan))
}

// matrix returns a matrix that holds the values, row by row.
func (s *scope) matrix(rows, cols int, values []float32) gpu.Matrix {
	m, err := s.Alloc(rows, cols)
	s.ok(err)
	s.owned = append(s.owned, m)
	s.ok(s.Upload(m, values))
	return m
}

func (s *scope) ints(values []int32) gpu.Ints {
	x, err := s.AllocInts(len(values))
	s.ok(err)
	s.owned = append(s.owned, x)
	s.ok(s.UploadInts(x, values))
	return x
}

func (s *scope) sparse(m gpu.CSR) gpu.Sparse {
	r, err := s.NewSparse(m)
	s.ok(err)
	s.owned = append(s.owned, r)
	return r
}

func (s *scope) download(m gpu.Matrix) []float32 {
	out := make([]float32, m.Len)
	s.ok(s.Download(out, m))
	return out
}

func (s *scope) downloadInts(x gpu.Ints) []int32 {
	out := make([]int32, x.Len)
	s.ok(s.DownloadInts(out, x))
	return out
}
