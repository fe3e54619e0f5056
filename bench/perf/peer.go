package perf

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"llm4rec/bench/peers"
	"llm4rec/data"
	"llm4rec/models/als"
)

// peer is benfred/implicit in a process of its own, which keeps its model and sleeps until it is asked for an iteration.
type peer struct {
	name    string // and version
	dir     string // with the matrix
	threads int
	command *exec.Cmd
	ask     io.WriteCloser
	answers *bufio.Scanner
	stderr  bytes.Buffer
}

// job is what the script is told; the rest lies beside it.
type job struct {
	Users          int     `json:"users"`
	Items          int     `json:"items"`
	Factors        int     `json:"factors"`
	Regularization float64 `json:"regularization"`
	CG             bool    `json:"use_cg"`
	Steps          int     `json:"cg_steps"`
	Threads        int     `json:"threads"`
	Seed           uint64  `json:"seed"`
}

func startPeer(ctx context.Context, python string, c als.Config, r *data.Matrix) (_ *peer, err error) {
	p := &peer{threads: runtime.GOMAXPROCS(0)}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("perf: peer: %w", err), p.close())
		}
	}()
	if p.dir, err = os.MkdirTemp("", "llm4rec-perf-"); err != nil {
		return nil, err
	}
	if err := p.write(c, r); err != nil {
		return nil, err
	}
	p.command = exec.CommandContext(ctx, python, filepath.Join(p.dir, "peer.py"), p.dir)
	p.command.Env = peerEnvironment(p.threads)
	p.command.Stderr = &p.stderr
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.ask, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	p.answers = bufio.NewScanner(out)
	if err := p.command.Start(); err != nil {
		p.command = nil
		return nil, err
	}
	p.name, err = p.answer()
	return p, err
}

// peerEnvironment has one BLAS thread, as implicit advises, and threads of its own that stay on their cores and do not
// spin while they wait. Its BLAS is not ours: it finds its kernels itself.
func peerEnvironment(threads int) []string {
	env := slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "OPENBLAS_CORETYPE=") })
	return append(env, "OPENBLAS_NUM_THREADS=1", "OMP_WAIT_POLICY=passive", "OMP_PROC_BIND=true", fmt.Sprintf("OMP_NUM_THREADS=%d", threads))
}

// write writes the script, its job and the matrix of confidences 1 + α·r, as implicit has them.
func (p *peer) write(c als.Config, r *data.Matrix) error {
	text, err := json.Marshal(job{
		Users: r.Rows, Items: r.Cols, Factors: c.Factors, Regularization: c.Regularization,
		CG: c.Solver == als.ConjugateGradient, Steps: c.CGSteps, Threads: p.threads, Seed: c.Seed,
	})
	if err != nil {
		return err
	}
	confidence := make([]float32, len(r.Values))
	for n, v := range r.Values {
		confidence[n] = 1 + float32(c.Alpha)*v
	}
	return errors.Join(
		os.WriteFile(filepath.Join(p.dir, "peer.py"), []byte(peers.Iterations), 0o600),
		os.WriteFile(filepath.Join(p.dir, "job.json"), text, 0o600),
		writeArray(filepath.Join(p.dir, "train.indptr"), r.Indptr),
		writeArray(filepath.Join(p.dir, "train.indices"), r.Indices),
		writeArray(filepath.Join(p.dir, "train.f32"), confidence),
	)
}

func writeArray(path string, values any) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(binary.Write(f, binary.LittleEndian, values), f.Close())
}

// iterate asks for an iteration and adds it, if there was at least so much processor time a second.
func (p *peer) iterate(s *Sample, least float64) error {
	if _, err := io.WriteString(p.ask, "\n"); err != nil {
		return p.failed(err)
	}
	line, err := p.answer()
	if err != nil {
		return err
	}
	var wall, cpu float64
	if _, err := fmt.Sscan(line, &wall, &cpu); err != nil {
		return fmt.Errorf("perf: peer: answer %q: %w", line, err)
	}
	s.add(wall, cpu, least)
	return nil
}

func (p *peer) answer() (string, error) {
	if !p.answers.Scan() {
		return "", p.failed(cmp.Or(p.answers.Err(), io.ErrUnexpectedEOF))
	}
	return p.answers.Text(), nil
}

// failed ends with the last line that the script wrote, which says what was wrong.
func (p *peer) failed(err error) error {
	_ = p.ask.Close()
	_ = p.command.Wait() // the script's own words say more than its exit status
	p.command = nil
	lines := strings.Split(strings.TrimSpace(p.stderr.String()), "\n")
	return fmt.Errorf("perf: peer: %w: %s", err, lines[len(lines)-1])
}

// close ends the process, which it takes the end of its input for, and removes the matrix.
func (p *peer) close() error {
	var err error
	if p.command != nil {
		err = errors.Join(p.ask.Close(), p.command.Wait())
	}
	return errors.Join(err, os.RemoveAll(p.dir))
}
