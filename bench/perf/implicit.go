package perf

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"llm4rec/bench/peers"
	"llm4rec/data"
	"llm4rec/models/als"
)

// startImplicit starts benfred/implicit on a matrix. It has one BLAS thread, as it advises, and threads of its own that stay
// on their cores and do not spin while they wait.
func startImplicit(ctx context.Context, python string, c als.Config, r *data.Matrix) (*peer, error) {
	threads := threads()
	environment := []string{"OPENBLAS_NUM_THREADS=1", "OMP_WAIT_POLICY=passive", "OMP_PROC_BIND=true", fmt.Sprintf("OMP_NUM_THREADS=%d", threads)}
	return startPeer(ctx, python, peers.Iterations, environment, func(dir string) error { return writeImplicit(dir, threads, c, r) })
}

// writeImplicit writes the job and the matrix of confidences 1 + α·r, as implicit has them.
func writeImplicit(dir string, threads int, c als.Config, r *data.Matrix) error {
	confidence := make([]float32, len(r.Values))
	for n, v := range r.Values {
		confidence[n] = 1 + float32(c.Alpha)*v
	}
	return errors.Join(
		writeJob(dir, struct {
			Users          int     `json:"users"`
			Items          int     `json:"items"`
			Factors        int     `json:"factors"`
			Regularization float64 `json:"regularization"`
			CG             bool    `json:"use_cg"`
			Steps          int     `json:"cg_steps"`
			Threads        int     `json:"threads"`
			Seed           uint64  `json:"seed"`
		}{r.Rows, r.Cols, c.Factors, c.Regularization, c.Solver == als.ConjugateGradient, c.CGSteps, threads, c.Seed}),
		writeArray(filepath.Join(dir, "train.indptr"), r.Indptr),
		writeArray(filepath.Join(dir, "train.indices"), r.Indices),
		writeArray(filepath.Join(dir, "train.f32"), confidence),
	)
}

// iterate asks for an iteration and adds it, if there was at least so much processor time a second.
func (p *peer) iterate(s *Sample, least float64) error {
	var wall, cpu float64
	if err := p.question("", &wall, &cpu); err != nil {
		return err
	}
	s.add(wall, cpu, least)
	return nil
}
