//go:build cgo && faiss && nvidia && faissgpu

package index

import (
	"unsafe"

	"llm4rec/models/index/native"
)

func (p *placement) missing() (remedy string, err error) {
	return "an index faiss: is searched on the CPU", native.CheckGPUs(p.Devices)
}

func (p *placement) copied(index unsafe.Pointer) (onGPUs, error) {
	made, err := native.ToGPU(index, native.Placement(*p))
	if err != nil {
		return nil, err
	}
	return made, nil
}
