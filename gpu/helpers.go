package gpu

import (
	"runtime"
	"slices"
	"sync"
)

// helpers are threads that wait for work of [Blocks], each bound to a core. Threads that the kernel is free to place end
// up together on one core, for seconds, while another is idle: seen on virtual machines, where products then took twice
// as long.
var helpers pool

// pool holds what there is to do, and the threads. Thread n belongs to core n of those that the process may use, modulo
// their number.
type pool struct {
	mutex sync.Mutex
	works []*work
	wake  []chan struct{} // of each thread; holds at most one
}

// open asks so many threads for help, except the one on the caller's core.
func (p *pool) open(w *work, wanted int) {
	p.mutex.Lock()
	for len(p.wake) <= wanted {
		call := make(chan struct{}, 1)
		go p.serve(len(p.wake), call)
		p.wake = append(p.wake, call)
	}
	w.core, w.wanted = w.core%len(p.wake), wanted
	p.works = append(p.works, w)
	wake := p.wake
	p.mutex.Unlock()
	for n, c := range wake {
		if n == w.core || wanted == 0 {
			continue
		}
		select {
		case c <- struct{}{}:
		default: // it has been called, and will find this work too
		}
		wanted--
	}
}

// close lets no more threads join.
func (p *pool) close(w *work) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.works = slices.DeleteFunc(p.works, func(other *work) bool { return other == w })
}

func (p *pool) serve(core int, call chan struct{}) {
	runtime.LockOSThread() // and never back
	bindTo(core)
	for range call {
		for w := p.join(core); w != nil; w = p.join(core) {
			w.help()
		}
	}
}

// join takes part in the oldest work that wants the thread; nil: there is none.
func (p *pool) join(core int) *work {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, w := range p.works {
		if w.core != core && w.wanted > 0 {
			w.wanted--
			w.active.Add(1)
			return w
		}
	}
	return nil
}
