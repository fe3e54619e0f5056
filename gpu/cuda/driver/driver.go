//go:build nvidia

// Package driver stands between gorgonia.org/cu and the CUDA driver, so that a program that has cu linked in starts where
// there is none: cu calls cuInit before main and ends the program if that fails, and the dynamic loader would not even
// come that far without libcuda.so.1.
//
// It defines every function of the driver that cu calls. Each jumps to where its slot points to: at first to a function
// that returns an error, after [Init] to the driver, which is loaded by name. Its own cuInit does nothing and succeeds.
package driver

// #cgo LDFLAGS: -L${SRCDIR}/lib -Wl,--as-needed -ldl
// #include "driver.h"
import "C"

import (
	"errors"
	"fmt"
	"sync"
)

// Init loads the driver and starts it. Further calls return the same.
var Init = sync.OnceValue(func() error {
	var status C.int
	message := C.llm4rec_driver_init(&status)
	switch {
	case message == nil:
		return nil
	case status == 0:
		return errors.New("no NVIDIA driver: " + C.GoString(message))
	}
	return fmt.Errorf("the NVIDIA driver says: %s (error %d)", C.GoString(message), status)
})
