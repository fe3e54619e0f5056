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
)

// peer is another implementation in a process of its own, which keeps its model and sleeps until it is asked.
type peer struct {
	name    string // and version
	dir     string // with its script, job and data
	command *exec.Cmd
	ask     io.WriteCloser
	answers *bufio.Scanner
	stderr  bytes.Buffer
}

// startPeer starts a script with a folder, into which write puts what the script reads.
func startPeer(ctx context.Context, python, script string, environment []string, write func(dir string) error) (*peer, error) {
	return startProcess(ctx, environment, func(dir string) ([]string, error) {
		file := filepath.Join(dir, "peer.py")
		return []string{python, file, dir}, errors.Join(os.WriteFile(file, []byte(script), 0o600), write(dir))
	})
}

// startProcess starts a command on a folder, into which prepare puts what it reads. Its first line of output is its name.
func startProcess(ctx context.Context, environment []string, prepare func(dir string) (command []string, err error)) (_ *peer, err error) {
	p := &peer{}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("perf: peer: %w", err), p.close())
		}
	}()
	if p.dir, err = os.MkdirTemp("", "llm4rec-perf-"); err != nil {
		return nil, err
	}
	command, err := prepare(p.dir)
	if err != nil {
		return nil, err
	}
	p.command = exec.CommandContext(ctx, command[0], command[1:]...)
	p.command.Env = append(cleanEnvironment(), environment...)
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

// cleanEnvironment is ours without what is meant for our BLAS: a peer's finds its kernels itself.
func cleanEnvironment() []string {
	return slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "OPENBLAS_CORETYPE=") })
}

// writeJob writes what a script is told, as JSON.
func writeJob(dir string, job any) error {
	text, err := json.Marshal(job)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "job.json"), text, 0o600)
}

func writeArray(path string, values any) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(binary.Write(f, binary.LittleEndian, values), f.Close())
}

// question sends a line and reads the numbers of the answer.
func (p *peer) question(line string, numbers ...any) error {
	if _, err := io.WriteString(p.ask, line+"\n"); err != nil {
		return p.failed(err)
	}
	text, err := p.answer()
	if err != nil {
		return err
	}
	if _, err := fmt.Sscan(text, numbers...); err != nil {
		return fmt.Errorf("perf: peer: answer %q: %w", text, err)
	}
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

// threads is how many of a peer work: as many as of ours.
func threads() int { return runtime.GOMAXPROCS(0) }
