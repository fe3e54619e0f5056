//go:build !linux

package gpu

// bind does nothing: there is no way to keep a thread on a core here.
func bind() (core int, free func()) { return 0, func() {} }

func bindTo(int) bool { return false }
