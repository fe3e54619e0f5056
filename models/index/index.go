// Package index finds the items whose vectors are best for a query vector, exactly or by one of FAISS's indexes.
//
// A higher score is better under either metric: the inner product, or minus the squared distance. Cosine similarity is the
// inner product of vectors and queries that were normalised (package dense has it).
package index

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"llm4rec/gpu"
	"llm4rec/models"
)

// Metric says how a vector is compared with a query.
type Metric string

// The metrics.
const (
	InnerProduct Metric = "ip"
	L2           Metric = "l2"
)

// Index is a catalogue of vectors, numbered from 0, which queries search. A query that is not finite is an error.
//
// After Close it must not be used. Close may be called again.
type Index interface {
	models.Retriever
	Len() int
	Dim() int
	Bytes() int64 // that it holds, or -1 where that is not known
	Close() error
}

// Saver is an Index that took time to build, and can be written to a file for [Config.Load].
type Saver interface {
	Save(path string) error
}

// Exact is the name of the index that compares a query with every vector.
const Exact = "exact"

// What the names of FAISS's indexes begin with.
const (
	faissPrefix = "faiss:"
	gpuPrefix   = "faiss-gpu:"
)

// Config says which index it is.
type Config struct {
	Index  string             `json:"index" yaml:"index"`   // exact, or faiss: or faiss-gpu: and a factory string of FAISS's, such as faiss:IVF256,Flat
	Metric Metric             `json:"metric" yaml:"metric"` // ip or l2
	Params map[string]float64 `json:"params,omitempty" yaml:"params,omitempty"`
	Device gpu.Device         `json:"-" yaml:"-"` // of exact; nil is the CPU

	// OwnThreads leaves the queries of a call to FAISS's own threads, as a program does that only calls it. By default each
	// of our threads asks FAISS for its part of the queries. It is there to be measured.
	OwnThreads bool `json:"own_threads,omitempty" yaml:"own_threads,omitempty"`
}

// Parse reads a configuration of the form INDEX;NAME=VALUE;…, such as faiss:IVF256,Flat;nprobe=16.
//
// An index faiss-gpu: has parameters that say where it is put: devices, how many GPUs (1); shard=1, each has a part of the
// vectors, and not all; float16=1, half precision of a flat index's vectors and of a product quantiser's tables; temp-mib,
// temporary memory on each.
func Parse(text string, m Metric) (Config, error) {
	name, rest, more := strings.Cut(text, ";")
	c := Config{Index: name, Metric: m}
	for more {
		var one string
		one, rest, more = strings.Cut(rest, ";")
		parameter, value, _ := strings.Cut(one, "=")
		x, err := strconv.ParseFloat(value, 64)
		if err != nil || parameter == "" {
			return Config{}, fmt.Errorf("index: want NAME=VALUE after the semicolon, got %q", one)
		}
		if c.Params == nil {
			c.Params = map[string]float64{}
		}
		c.Params[parameter] = x
	}
	return c, c.Validate()
}

// String is what [Parse] reads, without the metric.
func (c Config) String() string {
	parts := []string{c.Index}
	for _, name := range slices.Sorted(maps.Keys(c.Params)) {
		parts = append(parts, fmt.Sprintf("%s=%g", name, c.Params[name]))
	}
	return strings.Join(parts, ";")
}

// Default is exact, by inner product.
func Default() Config { return Config{Index: Exact, Metric: InnerProduct} }

// Validate says what is wrong with a configuration. Whether FAISS knows a factory string, and a parameter, shows when the
// index is built.
func (c Config) Validate() error {
	factory, faiss := c.factory()
	switch {
	case c.Index != Exact && !faiss:
		return fmt.Errorf("index: want %s, or %s or %s and a factory string such as %sIVF256,Flat, got %q", Exact, faissPrefix, gpuPrefix, faissPrefix, c.Index)
	case faiss && factory == "":
		return fmt.Errorf("index: %q lacks a factory string, such as %sFlat", c.Index, c.Index)
	case c.Metric != InnerProduct && c.Metric != L2:
		return fmt.Errorf("index: metric: want %s or %s, got %q", InnerProduct, L2, c.Metric)
	case !faiss && len(c.Params) > 0:
		return fmt.Errorf("index: %s has no parameters, got %s", Exact, strings.Join(slices.Sorted(maps.Keys(c.Params)), ", "))
	case faiss && c.Device != nil && c.Device.Kind() != "cpu":
		return fmt.Errorf("index: %s is built on the CPU, not on %s", c.Index, c.Device.Name())
	}
	for name, value := range c.Params {
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return fmt.Errorf("index: parameter %s: want a finite number, got %g", name, value)
		}
	}
	_, _, err := c.placed()
	return err
}

// factory is what FAISS makes an index of.
func (c Config) factory() (string, bool) {
	if factory, ok := strings.CutPrefix(c.Index, gpuPrefix); ok {
		return factory, true
	}
	return strings.CutPrefix(c.Index, faissPrefix)
}

// Build makes an index of vectors, which lie one after the other. It may keep the slice, which must not change. A vector that
// is not finite is an error.
func (c Config) Build(ctx context.Context, vectors []float32, dim int) (Index, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := errors.Join(check("vector", vectors, dim), ctx.Err()); err != nil {
		return nil, err
	}
	factory, ok := c.factory()
	if !ok {
		return c.buildExact(vectors, dim)
	}
	if err := c.checkGPUs(); err != nil {
		return nil, err
	}
	return c.buildFAISS(ctx, factory, vectors, dim)
}

// Load reads what the Save of an index of the same configuration wrote.
func (c Config) Load(path string) (Index, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if _, ok := c.factory(); !ok {
		return nil, fmt.Errorf("index: %s is not saved: build it from its vectors", c.Index)
	}
	if err := c.checkGPUs(); err != nil {
		return nil, err
	}
	return c.loadFAISS(path)
}

// check names the first row with an element that is not finite.
func check(what string, vectors []float32, dim int) error {
	checkLength(vectors, dim)
	for n, x := range vectors {
		if x-x != 0 {
			return fmt.Errorf("index: %s %d is not finite: element %d is %g", what, n/dim, n%dim, x)
		}
	}
	return nil
}

func checkLength(vectors []float32, dim int) {
	if dim < 1 || len(vectors)%dim != 0 {
		panic(badLength)
	}
}

func checkK(k int) {
	if k < 1 {
		panic(badK)
	}
}

const (
	badLength = "index: vectors of at least one dimension are needed, all of one length"
	badK      = "index: k must be at least 1"
)
