//go:build !(cgo && faiss && nvidia && faissgpu)

package index

import (
	"errors"
	"unsafe"
)

func (*placement) missing() (remedy string, err error) {
	return "'make faiss-gpu build' builds it with", errors.New("this program was built without FAISS on GPUs")
}

// copied is never reached.
func (*placement) copied(unsafe.Pointer) (onGPUs, error) { return nil, errors.ErrUnsupported }
