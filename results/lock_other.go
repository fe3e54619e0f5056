//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package results

import (
	"errors"
	"os"
	"runtime"
)

func tryLock(*os.File) (busy bool, err error) {
	return false, errors.New("no file locks on " + runtime.GOOS)
}
