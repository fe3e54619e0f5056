package gputest

import (
	"fmt"
	"math"

	"llm4rec/gpu"
)

func memoryChecks() []Check {
	var out []Check
	for _, size := range [][2]int{{0, 0}, {0, 5}, {5, 0}, {1, 1}, {3, 7}, {257, 129}, {1, 100_003}} {
		out = append(out, Check{"Memory", fmt.Sprintf("%dx%d", size[0], size[1]), func(d gpu.Device) error {
			return within(d, func(s *scope) { roundTrip(s, size[0], size[1]) })
		}})
	}
	return append(out,
		Check{"Memory", "ints", func(d gpu.Device) error { return within(d, intsRoundTrip) }},
		Check{"Memory", "in use", inUse},
		Check{"Memory", "nothing is freed", func(d gpu.Device) error {
			d.Free()
			d.Free(gpu.Matrix{}, gpu.Ints{}, gpu.Sparse{})
			return nil
		}},
	)
}

func roundTrip(s *scope, rows, cols int) {
	n := rows * cols
	values := normal(random(n), n, 1)
	for i, bits := range []uint32{0x7f800001, 0xffc12345, 0x80000000, 1} { // NaNs, −0 and a subnormal number arrive as they are
		if i < n {
			values[i] = math.Float32frombits(bits)
		}
	}
	a, b := s.matrix(rows, cols, values), s.alloc(rows, cols)
	s.ok(at(same(s.download(a), values), "Upload and Download"))
	s.ok(s.Copy(b, a))
	s.ok(s.Fill(a, -2.5))
	s.ok(at(same(s.download(b), values), "Copy"))
	s.ok(at(same(s.download(a), constant(n, -2.5)), "Fill"))

	// What is uploaded may be changed as soon as Upload is back.
	sent := append([]float32(nil), values...)
	s.ok(s.Upload(a, sent))
	clear(sent)
	s.ok(at(same(s.download(a), values), "Upload of what changes afterwards"))
}

func intsRoundTrip(s *scope) {
	for _, n := range []int{0, 1, 7, 1009} {
		values := make([]int32, n)
		for i := range values {
			values[i] = int32(i*i) - 5
		}
		s.ok(at(sameInts(s.downloadInts(s.ints(values)), values), "n=%d", n))
	}
}

// inUse counts every kind of memory.
func inUse(d gpu.Device) error {
	start := d.InUse()
	grew := func(want int64) error {
		if got := d.InUse() - start; got != want {
			return fmt.Errorf("%d bytes in use, want %d", got, want)
		}
		return nil
	}
	return within(d, func(s *scope) {
		m, err := s.Alloc(3, 7)
		s.ok(err)
		s.ok(grew(3 * 7 * 4))
		x, err := s.AllocInts(5)
		s.ok(err)
		s.ok(grew(3*7*4 + 5*4))
		r, err := s.NewSparse(gpu.CSR{Rows: 2, Cols: 3, Indptr: []int64{0, 1, 2}, Indices: []int32{2, 0}, Values: []float32{1, 2}})
		s.ok(err)
		s.ok(grew(3*7*4 + 5*4 + r.Bytes()))
		s.Free(m)
		s.ok(grew(5*4 + r.Bytes()))
		s.Free(x, r)
		s.ok(grew(0))
	})
}
