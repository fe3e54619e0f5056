package gpu

import (
	"runtime"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// cores are those that the process might use when it first asked, ascending.
var cores = sync.OnceValues(func() (list []int, all unix.CPUSet) {
	if unix.SchedGetaffinity(0, &all) != nil {
		return nil, all
	}
	for c := 0; len(list) < all.Count(); c++ {
		if all.IsSet(c) {
			list = append(list, c)
		}
	}
	return list, all
})

// bind keeps the calling goroutine on the core that it is on, which it returns by its place among [cores], until free is
// called.
func bind() (core int, free func()) {
	list, all := cores()
	runtime.LockOSThread()
	free = runtime.UnlockOSThread
	var here uint32
	if _, _, err := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&here)), 0, 0); err != 0 {
		return 0, free
	}
	for n, c := range list {
		if c != int(here) || !bindTo(n) {
			continue
		}
		return n, func() {
			_ = unix.SchedSetaffinity(0, &all) // it could be bound: it can be freed
			runtime.UnlockOSThread()
		}
	}
	return 0, free
}

// bindTo puts the calling thread on a core for good, where the kernel lets it.
func bindTo(core int) bool {
	list, _ := cores()
	if len(list) == 0 {
		return false
	}
	var one unix.CPUSet
	one.Set(list[core%len(list)])
	return unix.SchedSetaffinity(0, &one) == nil
}
