package gputest

import (
	"errors"

	"llm4rec/gpu"
)

// Mistakes of a program panic, and leave the device as it was.
func misuseChecks() []Check {
	var out []Check
	for _, c := range []struct {
		name    string
		mistake func(s *scope) error
	}{
		{"Alloc of −1 rows", func(s *scope) error { _, err := s.Alloc(-1, 2); return err }},
		{"AllocInts of −1", func(s *scope) error { _, err := s.AllocInts(-1); return err }},
		{"NewSparse with too few rows", func(s *scope) error {
			_, err := s.NewSparse(gpu.CSR{Rows: 2, Cols: 2, Indptr: []int64{0, 1}, Indices: []int32{0}})
			return err
		}},
		{"NewSparse with too few values", func(s *scope) error {
			_, err := s.NewSparse(gpu.CSR{Rows: 1, Cols: 2, Indptr: []int64{0, 2}, Indices: []int32{0, 1}, Values: []float32{1}})
			return err
		}},
		{"Upload of too much", func(s *scope) error { return s.Upload(s.alloc(2, 3), make([]float32, 7)) }},
		{"Download of too little", func(s *scope) error { return s.Download(make([]float32, 5), s.alloc(2, 3)) }},
		{"UploadInts of too much", func(s *scope) error { return s.UploadInts(s.ints(make([]int32, 2)), make([]int32, 3)) }},
		{"DownloadInts of too little", func(s *scope) error { return s.DownloadInts(make([]int32, 1), s.ints(make([]int32, 2))) }},
		{"Copy of another shape", func(s *scope) error { return s.Copy(s.alloc(2, 3), s.alloc(3, 2)) }},
		{"Gemm with inner sizes that differ", func(s *scope) error {
			return s.Gemm(s.alloc(2, 2).Tile(), s.alloc(2, 3).Tile(), s.alloc(2, 2).Tile(), 1, 0, 1)
		}},
		{"Gemm of a tile that leaves its memory", func(s *scope) error {
			c := s.alloc(2, 2).Tile()
			c.Offset = 1
			return s.Gemm(c, s.alloc(2, 3).Tile(), s.alloc(3, 2).Tile(), 1, 0, 1)
		}},
		{"Gemm of a batch that leaves its memory", func(s *scope) error {
			return s.Gemm(s.alloc(4, 2).Stacked(2), s.alloc(2, 3).Stacked(2), s.alloc(6, 2).Stacked(3), 1, 0, 2)
		}},
		{"Gemm to a transpose", func(s *scope) error {
			return s.Gemm(s.alloc(2, 2).Tile().T(), s.alloc(2, 3).Tile(), s.alloc(3, 2).Tile(), 1, 0, 1)
		}},
		{"Syrk of another width", func(s *scope) error { return s.Syrk(s.alloc(2, 2), s.alloc(5, 3), 1, 0) }},
		{"SolveCholesky of too few matrices", func(s *scope) error { return s.SolveCholesky(s.alloc(4, 2), s.alloc(3, 2)) }},
		{"Gather of too few", func(s *scope) error { return s.Gather(s.alloc(2, 3), s.alloc(5, 3), s.ints([]int32{1})) }},
		{"ScatterAdd of another width", func(s *scope) error { return s.ScatterAdd(s.alloc(5, 3), s.alloc(1, 2), s.ints([]int32{1})) }},
		{"TopK with too few ids", func(s *scope) error { return s.TopK(s.ints([]int32{1}), s.alloc(1, 2), s.alloc(1, 5), nil) }},
		{"TopK without another's columns", func(s *scope) error {
			mask := s.sparse(gpu.CSR{Rows: 1, Cols: 4, Indptr: []int64{0, 0}})
			return s.TopK(s.ints([]int32{1}), s.alloc(1, 1), s.alloc(1, 5), &mask)
		}},
		{"LeastSquares with too few λ", func(s *scope) error {
			p := newProblem(3, []int{1, 2}, 5, false, 0)
			p.lambda = p.lambda[:1]
			p.solve(s)
			return nil
		}},
		{"LeastSquares with −1 steps", func(s *scope) error {
			newProblem(3, []int{1, 2}, 5, false, -1).solve(s)
			return nil
		}},
		{"ObservedLoss of another's factors", func(s *scope) error {
			r := s.sparse(gpu.CSR{Rows: 1, Cols: 4, Indptr: []int64{0, 0}})
			_, err := s.ObservedLoss(s.alloc(1, 2), r, s.alloc(4, 3), gpu.Equations{})
			return err
		}},
		{"SquaredNorm with too few weights", func(s *scope) error { _, err := s.SquaredNorm(s.alloc(2, 3), s.alloc(1, 1)); return err }},
		{"Sum without what β multiplies", func(s *scope) error { return s.Sum(s.alloc(2, 3), s.alloc(2, 3), gpu.Matrix{}, 1, 1) }},
		{"AddRow of two rows", func(s *scope) error { return s.AddRow(s.alloc(2, 3), s.alloc(2, 3)) }},
		{"ColumnSums of another width", func(s *scope) error { return s.ColumnSums(s.alloc(1, 2), s.alloc(2, 3)) }},
		{"Activate of another shape", func(s *scope) error { return s.Activate(s.alloc(3, 2), s.alloc(2, 3), gpu.GELU) }},
		{"ActivateGrad of another shape", func(s *scope) error {
			return s.ActivateGrad(s.alloc(2, 3), s.alloc(2, 3), s.alloc(3, 2), gpu.GELU)
		}},
		{"Drop of everything", func(s *scope) error {
			return s.Drop(s.alloc(2, 3), s.alloc(2, 3), gpu.Matrix{}, gpu.Dropout{Rate: 1})
		}},
		{"LayerNorm with too narrow a gain", func(s *scope) error {
			return s.LayerNorm(s.alloc(2, 3), s.alloc(2, 3), s.alloc(1, 2), s.alloc(1, 3), 1)
		}},
		{"LayerNormGrad of another shape", func(s *scope) error {
			return s.LayerNormGrad(s.alloc(2, 3), s.alloc(1, 3), s.alloc(1, 3), s.alloc(2, 3), s.alloc(1, 3), s.alloc(3, 3), 1)
		}},
		{"Attend with heads that do not divide", func(s *scope) error {
			return s.Attend(s.alloc(2, 3), s.alloc(2, 9), s.ints([]int32{0, 2}), gpu.Attention{Heads: 2, Longest: 2})
		}},
		{"AttendGrad of queries alone", func(s *scope) error {
			return s.AttendGrad(s.alloc(2, 3), s.alloc(2, 3), s.alloc(2, 3), s.ints([]int32{0, 2}), gpu.Attention{Heads: 1, Longest: 2})
		}},
		{"Recur of two gates", func(s *scope) error {
			return s.Recur(s.alloc(2, 3), s.alloc(2, 6), s.alloc(3, 6), s.alloc(1, 6), s.ints([]int32{0, 2}))
		}},
		{"RecurGrad of another shape", func(s *scope) error {
			return s.RecurGrad(s.alloc(2, 9), s.alloc(3, 9), s.alloc(1, 9), s.alloc(2, 9), s.alloc(3, 9), s.alloc(1, 9), s.alloc(2, 3), s.alloc(1, 3),
				s.ints([]int32{0, 2}))
		}},
		{"Softmax over more classes than there are", func(s *scope) error {
			return s.Softmax(s.alloc(1, 1), gpu.Matrix{}, gpu.Matrix{}, s.alloc(2, 3), s.alloc(4, 3), s.ints([]int32{0, 1}), 5)
		}},
		{"Softmax with one gradient", func(s *scope) error {
			return s.Softmax(s.alloc(1, 1), s.alloc(2, 3), gpu.Matrix{}, s.alloc(2, 3), s.alloc(4, 3), s.ints([]int32{0, 1}), 4)
		}},
		{"Sampled with too few ids", func(s *scope) error {
			return s.Sampled(s.alloc(1, 1), gpu.Matrix{}, gpu.Matrix{}, s.alloc(2, 3), s.alloc(4, 3), s.ints([]int32{0, 1}), gpu.Sampling{Classes: 2})
		}},
		{"Adam with too few moments", func(s *scope) error {
			return s.Adam(s.alloc(2, 3), s.alloc(2, 3), s.alloc(2, 3), s.alloc(1, 3), gpu.Adam{})
		}},
	} {
		out = append(out, Check{"Misuse", c.name, func(d gpu.Device) error {
			return within(d, func(s *scope) {
				if !panics(func() { s.ok(c.mistake(s)) }) {
					s.ok(errors.New("it did not panic"))
				}
			})
		}})
	}
	return out
}

// panics says whether f panics, other than by a failure of the device.
func panics(f func()) (yes bool) {
	defer func() {
		p := recover()
		if failed, ok := p.(failure); ok {
			panic(failed)
		}
		yes = p != nil
	}()
	f()
	return false
}
