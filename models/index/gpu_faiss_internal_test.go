//go:build cgo && faiss && nvidia && faissgpu

package index

import (
	"math/rand/v2"
	"strings"
	"testing"

	"llm4rec/models/index/native"
)

// FAISS would copy what it has no kernels for to the CPU, and a refined index without what refines it. It needs no GPU for that.
func TestNotOnGPU(t *testing.T) {
	before := native.Live()
	r := rand.New(rand.NewPCG(11, 12))
	vectors := make([]float32, 1000*16)
	for i := range vectors {
		vectors[i] = r.Float32()
	}
	for _, factory := range []string{"SQ8", "PQ4x4np", "PCA8,SQ8", "IVF8,PQ4+8", "PCA8,IVF8,PQ4+8"} {
		c, err := Parse("faiss:"+factory, L2)
		if err != nil {
			t.Fatal(err)
		}
		x, err := c.Build(t.Context(), vectors, 16)
		if err != nil {
			t.Fatal(err)
		}
		for devices := range 2 {
			p := placement{Devices: devices + 1, Float16: true, Shard: true, Temp: 1 << 20}
			if _, err := p.copied(handle(x.(*faissIndex).native)); err == nil || !strings.Contains(err.Error(), "no such index on GPUs") {
				t.Errorf("%s on %d GPUs: %v", factory, p.Devices, err)
			}
		}
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	}
	if after := native.Live(); after != before {
		t.Errorf("%d objects of FAISS's live, %d before", after, before)
	}
}
