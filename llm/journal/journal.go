// Package journal is a file that several processes append to. What is in it, and where the whole of it ends, its owner knows.
package journal

import (
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// syncEvery bounds what a loss of power costs. A process that is killed loses nothing it has written.
const syncEvery = time.Second

// File is an open journal. Its methods are not to be called at the same time, save those of os.File that read.
type File struct {
	*os.File
	log    *slog.Logger
	synced time.Time
}

// Open opens a journal to append to, or makes an empty one.
func Open(path string, log *slog.Logger) (*File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	return &File{f, log, time.Now()}, nil
}

// Append writes what next returns, at the end of what is whole, which it returns too. From before it calls next to after the
// writing no other process appends, by a lock that a dying process gives back. So what follows the end has been left half
// written by a process that died, and is cut off. Where there is nothing to write, the file stays as it is.
func (f *File) Append(next func() (end int64, data []byte, err error)) error {
	unlock, err := lockedfile.MutexAt(f.Name() + ".lock").Lock()
	if err != nil {
		return err
	}
	defer unlock()
	end, data, err := next()
	if err != nil || len(data) == 0 {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if torn := info.Size() - end; torn > 0 {
		f.log.Warn("what was left half written is cut off", "file", f.Name(), "bytes", torn)
		if err := f.Truncate(end); err != nil {
			return err
		}
	}
	_, err = f.WriteAt(data, end)
	return err
}

// Due tells, about once a second, that what was appended should be written through to the disk. That takes long, so the
// owner calls Sync while others use the file.
func (f *File) Due() bool {
	due := time.Since(f.synced) > syncEvery
	if due {
		f.synced = time.Now()
	}
	return due
}

// Close writes through to the disk first.
func (f *File) Close() error {
	return errors.Join(f.Sync(), f.File.Close())
}
