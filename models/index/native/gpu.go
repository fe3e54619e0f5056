//go:build cgo && faiss && nvidia && faissgpu

package native

// // FAISS is named here too, and again in native.go: of an archive the linker takes what the archives before it lack.
// #cgo LDFLAGS: -lfaiss -lcublas -lcudart_static -lrt -lpthread -ldl
// #include "native.h"
// #include <faiss/c_api/Index_c.h>
// #include <faiss/c_api/error_c.h>
// #include <faiss/c_api/gpu/DeviceUtils_c.h>
// #include <faiss/c_api/gpu/GpuAutoTune_c.h>
// #include <faiss/c_api/gpu/GpuClonerOptions_c.h>
// #include <faiss/c_api/gpu/StandardGpuResources_c.h>
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"
)

// Placement says on which GPUs an index is put, and how.
type Placement struct {
	Devices int   // the first of them
	Float16 bool  // vectors of a flat index, tables of product quantisers; FAISS has no more
	Shard   bool  // each GPU has a part of the vectors, instead of all
	Temp    int64 // bytes of each for temporary memory; below 0: what FAISS takes
}

// GPU is a copy of an index that GPUs search.
type GPU struct {
	index     *C.FaissGpuIndex
	resources []*C.FaissStandardGpuResources // of each GPU

	busy sync.Mutex // FAISS's resources are for one call at a time
}

// CheckGPUs says why the first n GPUs cannot be used.
func CheckGPUs(n int) error {
	var have C.int
	if err := try(func() C.int { return C.faiss_get_num_gpus(&have) }); err != nil {
		return err
	}
	if n > int(have) {
		return fmt.Errorf("%d wanted, %d there", n, have)
	}
	for device := range n {
		if err := try(func() C.int { return C.llm4rec_faiss_gpu_fits(C.int(device)) }); err != nil {
			return err
		}
	}
	return nil
}

// ToGPU copies an index of FAISS's to GPUs that [CheckGPUs] found usable.
func ToGPU(index unsafe.Pointer, p Placement) (_ *GPU, err error) {
	g := &GPU{}
	defer func() {
		if err != nil {
			g.Close()
		}
	}()
	devices := make([]C.int, p.Devices)
	for n := range devices {
		devices[n] = C.int(n)
		if err := g.addResources(p.Temp); err != nil {
			return nil, err
		}
	}
	var options *C.FaissGpuMultipleClonerOptions
	if err := try(func() C.int { return C.faiss_GpuMultipleClonerOptions_new(&options) }); err != nil {
		return nil, err
	}
	defer C.faiss_GpuMultipleClonerOptions_free(options)
	C.faiss_GpuMultipleClonerOptions_set_shard(options, flag(p.Shard))
	C.faiss_GpuClonerOptions_set_useFloat16(options, flag(p.Float16))
	from := (*C.FaissIndex)(index)
	if len(devices) == 1 {
		return g, try(func() C.int {
			return C.faiss_index_cpu_to_gpu_with_options(g.resources[0], 0, from, options, &g.index)
		})
	}
	return g, try(func() C.int {
		n := C.size_t(len(devices))
		return C.faiss_index_cpu_to_gpu_multiple_with_options(&g.resources[0], n, &devices[0], n, from, options, &g.index)
	})
}

// addResources makes those of one more GPU.
func (g *GPU) addResources(temp int64) error {
	var r *C.FaissStandardGpuResources
	if err := try(func() C.int { return C.faiss_StandardGpuResources_new(&r) }); err != nil {
		return err
	}
	g.resources = append(g.resources, r)
	switch {
	case temp < 0:
		return nil
	case temp == 0:
		return try(func() C.int { return C.faiss_StandardGpuResources_noTempMemory(r) })
	}
	return try(func() C.int { return C.faiss_StandardGpuResources_setTempMemory(r, C.size_t(temp)) })
}

// Search finds the k best of every query, as go-faiss's does.
func (g *GPU) Search(queries []float32, k int64) (distances []float32, labels []int64, err error) {
	g.busy.Lock()
	defer g.busy.Unlock()
	n := int64(len(queries)) / int64(C.faiss_Index_d(g.index))
	distances, labels = make([]float32, n*k), make([]int64, n*k)
	err = try(func() C.int {
		return C.faiss_Index_search(g.index, C.idx_t(n), (*C.float)(&queries[0]), C.idx_t(k), (*C.float)(&distances[0]), (*C.idx_t)(&labels[0]))
	})
	return distances, labels, err
}

// Close gives the GPUs' memory back.
func (g *GPU) Close() {
	C.faiss_Index_free(g.index)
	for _, r := range g.resources {
		C.faiss_StandardGpuResources_free(r)
	}
}

// try makes a call on one thread, which has the text of the last error.
func try(call func() C.int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if call() != 0 {
		return errors.New(C.GoString(C.faiss_get_last_error()))
	}
	return nil
}

func flag(yes bool) C.int {
	if yes {
		return 1
	}
	return 0
}
