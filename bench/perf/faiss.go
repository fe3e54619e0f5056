package perf

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"llm4rec/bench/peers"
	"llm4rec/models/index"
)

// indexJob is what a process that searches is told. It answers "build" with seconds and bytes, and "search" with seconds and
// processor time, and then has written the items of every query, k of them or -1, to found.i64.
type indexJob struct {
	index.Config
	Folder  string `json:"folder"` // with vectors.f32 and queries.f32
	Dim     int    `json:"dim"`
	K       int    `json:"k"`
	Threads int    `json:"threads"`
}

const foundFile = "found.i64"

// startFAISS starts PyPI's faiss-cpu.
func startFAISS(ctx context.Context, python string, write func(dir string) error) (*peer, error) {
	return startPeer(ctx, python, peers.FAISS, []string{fmt.Sprintf("OMP_NUM_THREADS=%d", threads())}, write)
}

// startOwn starts our program as another process, in which FAISS has its own threads.
func startOwn(ctx context.Context, program, environment string, write func(dir string) error) (*peer, error) {
	return startProcess(ctx, []string{environment}, func(dir string) ([]string, error) {
		return []string{program, "perf", "index-process", dir}, write(dir)
	})
}

// other is an index in another process.
func (a Index) other(job indexJob, name string, begin func(write func(dir string) error) (*peer, error)) (searcher, error) {
	p, err := begin(func(dir string) error { return writeJob(dir, job) })
	if err != nil {
		return searcher{}, err
	}
	s := searcher{Searches: Searches{Name: p.name + " " + strings.TrimPrefix(job.String(), "faiss:"), All: comparesAll(job.Config)}, close: p.close}
	if name != "" {
		s.Name = job.String() + ", " + name
	}
	if err := p.question("build", &s.Build, &s.Bytes); err != nil {
		return searcher{}, errors.Join(err, p.close())
	}
	s.turn = func(sample *Sample) error {
		var wall, cpu float64
		err := p.question("search", &wall, &cpu)
		sample.add(wall, cpu, 0) // how many cores it keeps busy is its own affair
		return err
	}
	s.items = func() ([][]int32, error) { return readFound(filepath.Join(p.dir, foundFile), a.Queries, a.K) }
	return s, nil
}

func readFound(path string, queries, k int) ([][]int32, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	all := make([]int64, queries*k)
	if err := errors.Join(binary.Read(bufio.NewReader(f), binary.LittleEndian, all), f.Close()); err != nil {
		return nil, fmt.Errorf("perf: peer: %s: %w", foundFile, err)
	}
	out := make([][]int32, queries)
	for n, item := range all {
		if item >= 0 {
			out[n/k] = append(out[n/k], int32(item))
		}
	}
	return out, nil
}

// ServeIndex is the process that startOwn starts.
func ServeIndex(ctx context.Context, dir string, in io.Reader, out *bufio.Writer) (err error) {
	text, err := os.ReadFile(filepath.Join(dir, "job.json"))
	if err != nil {
		return err
	}
	var job indexJob
	if err := json.Unmarshal(text, &job); err != nil {
		return err
	}
	job.OwnThreads = true
	vectors, err := readFloats(filepath.Join(job.Folder, "vectors.f32"))
	if err != nil {
		return err
	}
	queries, err := readFloats(filepath.Join(job.Folder, "queries.f32"))
	if err != nil {
		return err
	}
	var x index.Index
	defer func() {
		if x != nil {
			err = errors.Join(err, x.Close())
		}
	}()
	fmt.Fprintln(out, "go-faiss")
	for lines := bufio.NewScanner(in); errors.Join(err, out.Flush()) == nil && lines.Scan(); {
		var took Sample
		begin, used := start(), start().cpu
		if lines.Text() == "build" {
			if x, err = job.Build(ctx, vectors, job.Dim); err != nil {
				return err
			}
			begin.stop(&took, 0)
			fmt.Fprintln(out, took.Median(), x.Bytes())
			continue
		}
		found, err := x.Retrieve(ctx, queries, job.K)
		begin.stop(&took, 0)
		cpu := start().cpu - used
		if err := errors.Join(err, writeFound(filepath.Join(dir, foundFile), items(found), job.K)); err != nil {
			return err
		}
		fmt.Fprintln(out, took.Median(), cpu.Seconds())
	}
	return out.Flush()
}

func writeFound(path string, found [][]int32, k int) error {
	all := make([]int64, len(found)*k)
	for n := range all {
		all[n] = -1
	}
	for q, list := range found {
		for place, item := range list {
			all[q*k+place] = int64(item)
		}
	}
	return writeArray(path, all)
}

func readFloats(path string) ([]float32, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	out := make([]float32, info.Size()/4)
	return out, errors.Join(binary.Read(bufio.NewReaderSize(f, 1<<20), binary.LittleEndian, out), f.Close())
}
