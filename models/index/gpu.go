package index

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"llm4rec/gpu"
	"llm4rec/models"
)

// placement says on which GPUs an index of FAISS's is put, and how: see native.Placement.
type placement struct {
	Devices int
	Float16 bool
	Shard   bool
	Temp    int64
}

// searcher is what answers queries: FAISS's index, or its copy.
type searcher interface {
	Search(queries []float32, k int64) (distances []float32, labels []int64, err error)
}

type onGPUs interface {
	searcher
	Close()
}

// OnGPU says whether FAISS puts it on GPUs.
func (c Config) OnGPU() bool { return strings.HasPrefix(c.Index, gpuPrefix) }

// placed tells the parameters that say where an index on GPUs is put from those that FAISS knows. Of others it is nil.
func (c Config) placed() (p *placement, known []string, err error) {
	names := slices.Sorted(maps.Keys(c.Params))
	if !c.OnGPU() {
		return nil, names, nil
	}
	p = &placement{Devices: 1, Temp: -1}
	for _, name := range names {
		value, least, most := c.Params[name], 0.0, 1.0
		switch name {
		case "devices":
			p.Devices, least, most = int(value), 1, 64
		case "float16":
			p.Float16 = value == 1
		case "shard":
			p.Shard = value == 1
		case "temp-mib":
			p.Temp, most = int64(value)<<20, 1536 // FAISS takes no more, and does not say so
		default:
			known = append(known, name)
			continue
		}
		if value != math.Trunc(value) || value < least || value > most {
			return nil, nil, fmt.Errorf("index: %s: %s: want a whole number from %g to %g, got %g", c.Index, name, least, most, value)
		}
	}
	return p, known, nil
}

// checkGPUs says why an index cannot be put on the GPUs that it names. It is never put elsewhere.
func (c Config) checkGPUs() error {
	p, _, err := c.placed()
	if p == nil || err != nil {
		return err
	}
	remedy, why := p.missing()
	if why == nil {
		return nil
	}
	return &models.Unavailable{Err: fmt.Errorf("index: %s: %w: %w", c.Index, gpu.ErrNoDevice, why), Remedy: remedy}
}
