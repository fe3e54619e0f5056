//go:build cgo && faiss

package index

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/DataIntelligenceCrew/go-faiss"

	"llm4rec/gpu"
	"llm4rec/models"
	"llm4rec/models/index/native"
	"llm4rec/models/topk"
)

// HasFAISS says whether this program has FAISS.
const HasFAISS = true

// faissIndex is one of FAISS's. Searching is safe from many threads at once: each of ours asks for its queries on one thread of
// FAISS's, so that there are never more than cores. Everything else is done by one thread of ours, which may have all cores:
// see owned.
type faissIndex struct {
	name  string // with prefix
	own   bool   // threads
	l2    bool
	n, d  int
	bytes int64

	closing sync.RWMutex     // held for reading by searches
	native  *faiss.IndexImpl // nil when closed
	gpus    onGPUs           // its copy that GPUs search, or nil
	large   atomic.Int64     // queries for more than they find
}

func (c Config) buildFAISS(ctx context.Context, factory string, vectors []float32, dim int) (Index, error) {
	metric := faiss.MetricInnerProduct
	if c.Metric == L2 {
		metric = faiss.MetricL2
	}
	return c.open(dim, threadsFor(len(vectors)), func() (*faiss.IndexImpl, error) {
		x, err := faiss.IndexFactory(dim, factory, metric)
		if err != nil {
			return nil, err
		}
		// First the parameters, as some are about building.
		if err := errors.Join(c.set(x), ctx.Err()); err != nil || len(vectors) == 0 {
			return x, err
		}
		if !x.IsTrained() {
			if err := x.Train(vectors); err != nil {
				return x, err
			}
		}
		if err := ctx.Err(); err != nil {
			return x, err
		}
		return x, x.Add(vectors)
	})
}

func (c Config) loadFAISS(path string) (Index, error) {
	return c.open(0, 1, func() (*faiss.IndexImpl, error) {
		x, err := faiss.ReadIndex(path, 0)
		if err != nil {
			return nil, err
		}
		if l2 := x.MetricType() == faiss.MetricL2; l2 != (c.Metric == L2) {
			return x, fmt.Errorf("%s holds an index of another metric than %s", path, c.Metric)
		}
		return x, c.set(x)
	})
}

// open makes an index. One that comes with an error is deleted.
func (c Config) open(dim, threads int, build func() (*faiss.IndexImpl, error)) (Index, error) {
	gpu.CPU() // gives the BLAS one thread
	x := &faissIndex{name: c.Index, own: c.OwnThreads, l2: c.Metric == L2}
	err := owned(threads, func() error {
		made, err := build()
		x.native = made
		if err != nil {
			return err
		}
		x.n, x.d = int(made.Ntotal()), made.D()
		x.bytes = native.Bytes(handle(made))
		if p, _, _ := c.placed(); p != nil && x.n > 0 {
			x.gpus, err = p.copied(handle(made))
		}
		return err
	})
	if err != nil {
		_ = x.Close() // of what was made
		return nil, fmt.Errorf("index: %s of dimension %d: %w", c.Index, dim, err)
	}
	return x, nil
}

// set sets the parameters, by name.
func (c Config) set(x faiss.Index) error {
	_, known, err := c.placed()
	if len(known) == 0 || err != nil {
		return err
	}
	space, err := faiss.NewParameterSpace()
	if err != nil {
		return err
	}
	defer space.Delete()
	for _, name := range known {
		if err := space.SetIndexParameter(x, name, c.Params[name]); err != nil {
			return fmt.Errorf("parameter %s: %w", name, err)
		}
	}
	return nil
}

func (x *faissIndex) Len() int     { return x.n }
func (x *faissIndex) Dim() int     { return x.d }
func (x *faissIndex) Bytes() int64 { return x.bytes }

func (x *faissIndex) Close() error {
	x.closing.Lock()
	defer x.closing.Unlock()
	if x.gpus != nil {
		x.gpus.Close()
		x.gpus = nil
	}
	if x.native != nil {
		x.native.Delete()
		x.native = nil
	}
	return nil
}

// Save writes a file beside path first, so that a save that fails leaves what was there.
func (x *faissIndex) Save(path string) error {
	x.closing.RLock()
	defer x.closing.RUnlock()
	x.mustBeOpen()
	part := path + ".part"
	err := owned(1, func() error { return faiss.WriteIndex(x.native, part) })
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		_ = os.Remove(part) // it may not be there
		return fmt.Errorf("index: %s: %w", x.name, err)
	}
	return nil
}

func (x *faissIndex) Retrieve(ctx context.Context, queries []float32, k int) ([][]models.Scored, error) {
	checkK(k)
	if err := check("query", queries, x.d); err != nil {
		return nil, err
	}
	x.closing.RLock()
	defer x.closing.RUnlock()
	x.mustBeOpen()
	count := len(queries) / x.d
	out := make([][]models.Scored, count)
	if k = min(k, x.n); k == 0 || count == 0 || ctx.Err() != nil {
		return out, ctx.Err()
	}
	search := func(in searcher, lo, hi int) error {
		distances, labels, err := in.Search(queries[lo*x.d:hi*x.d], int64(k))
		if err != nil {
			return fmt.Errorf("index: %s: %w", x.name, err)
		}
		for n := range hi - lo {
			out[lo+n] = x.ranking(distances[n*k:(n+1)*k], labels[n*k:(n+1)*k])
		}
		return nil
	}
	if x.gpus != nil && k <= mostOnGPU {
		for lo := 0; lo < count; lo += gpuTile {
			if err := errors.Join(ctx.Err(), search(x.gpus, lo, min(count, lo+gpuTile))); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	if x.gpus != nil {
		x.large.Add(int64(count))
	}
	if x.own {
		return out, owned(runtime.GOMAXPROCS(0), func() error { return search(x.native, 0, count) })
	}
	err := gpu.Blocks(ctx, count, gpu.Even(count, queryTile), func() func(lo, hi int) error {
		return func(lo, hi int) error {
			runtime.LockOSThread() // which has the text of the last error
			defer runtime.UnlockOSThread()
			return search(x.native, lo, hi)
		}
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// queryTile is how many queries one call to FAISS has at most: enough for its products of matrices.
const queryTile = 256

// FAISS's selection on GPUs finds fewer than 2048 (validateKSelect in gpu/impl/IndexUtils.cu): the CPU's index, which stays,
// answers what asks for more. gpuTile is how many queries a call to it has at most: the answers to all lie on the GPU.
const (
	mostOnGPU = 2047
	gpuTile   = 8192
)

// warnings says how often the GPUs were not asked.
func (x *faissIndex) warnings() []string {
	if n := x.large.Load(); n > 0 {
		return []string{fmt.Sprintf("index %s: the CPU answered %d queries for more than %d items, which is the most that FAISS finds on a GPU", x.name, n, mostOnGPU)}
	}
	return nil
}

// ranking puts an answer of FAISS's, which leaves ties to chance and fills up with -1, in our order.
func (x *faissIndex) ranking(distances []float32, labels []int64) []models.Scored {
	out := make([]models.Scored, 0, len(labels))
	for n, label := range labels {
		if label < 0 {
			continue
		}
		score := distances[n]
		if x.l2 {
			score = -score
		}
		out = append(out, models.Scored{Item: int32(label), Score: score})
	}
	slices.SortFunc(out, topk.Better)
	return out
}

func (x *faissIndex) mustBeOpen() {
	if x.native == nil {
		panic(isClosed)
	}
}

const isClosed = "index: it is closed"

// handle is the address of FAISS's index, which go-faiss keeps to itself.
func handle(x *faiss.IndexImpl) unsafe.Pointer {
	return reflect.ValueOf(x.Index).Elem().FieldByName("idx").UnsafePointer()
}

// threadsFor is how many threads build an index of so many numbers: one where they would do little else than wait for each
// other.
func threadsFor(numbers int) int {
	if numbers < 1<<20 {
		return 1
	}
	return runtime.GOMAXPROCS(0)
}

// owned makes a call on the one thread that may have several of FAISS's. OpenMP keeps a team of threads for every thread that
// ever asked for more than one: if sixteen of ours did, there would be sixteen teams.
func owned(threads int, f func() error) error {
	done := make(chan error)
	owner() <- func() {
		native.Threads(threads)
		done <- f()
	}
	return <-done
}

var owner = sync.OnceValue(func() chan<- func() {
	calls := make(chan func())
	go func() {
		runtime.LockOSThread() // and never back
		for call := range calls {
			call()
		}
	}()
	return calls
})

var _ Saver = (*faissIndex)(nil)
