//go:build cgo && faiss

// Package native is what go-faiss needs below it: FAISS's C functions, which Debian's libfaiss declares and does not hold,
// its threads under control, and its indexes on GPUs.
package native

// // libgomp is linked statically, because only then a constructor of ours comes before its own: see policy.cc.
// #cgo CXXFLAGS: -O2 -std=c++17 -fopenmp
// #cgo LDFLAGS: -L${SRCDIR}/lib -lfaiss -lopenblas -l:libgomp.a -static-libstdc++ -static-libgcc -ldl
// #include "native.h"
import "C"

import "unsafe"

// Threads sets how many threads FAISS and its BLAS have in calls from the calling thread of the operating system, to which
// the goroutine must be locked: at first one. After a call that had more, the BLAS, which is the process's, has one again.
func Threads(n int) { C.llm4rec_faiss_threads(C.int(n)) }

// Live is the number of objects of FAISS's that were made and not deleted.
func Live() int64 { return int64(C.llm4rec_faiss_live()) }

// Bytes is what an index holds, as it would be saved, or -1 where it cannot be.
func Bytes(index unsafe.Pointer) int64 { return int64(C.llm4rec_faiss_bytes(index)) }
