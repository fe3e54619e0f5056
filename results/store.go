package results

// Store is one experiment's directory:
//
//	manifest.json            the latest plan, replaced as a whole
//	cells/ID.json            the record of a finished cell, never rewritten
//	cells/ID.parquet         its ranked ids
//	cells/ID.reasons.parquet the reasons that it gives, where it gives some
//	cells/ID.failed-N.json   the record of a failed attempt
//	splits/CHECKSUM.json     a split that records refer to
//	splits/CHECKSUM.parquet  its catalogue
//	augmented-ID.json        what the store of memories was filled with
//	memories.sqlite          that store
//	checkpoints/ID           the state of a fit that was interrupted, which belongs to the fit
//	lock                     held by the process that writes
//
// Every file is written beside its place, synced and renamed. Parquet goes first and the record last, so that a record
// that exists is complete: what a killed process leaves behind is a temporary file or a Parquet file without a record,
// and neither counts.
//
// The methods of a Store may be called from many goroutines at once.
type Store struct{ *folder }

const (
	cellsDir  = "cells"
	splitsDir = "splits"
)

// Open opens the directory for writing, creating it where it is missing, and removes what a killed process left. It
// fails if another process writes there.
func Open(dir string) (*Store, error) {
	f, err := openFolder(dir, cellsDir, splitsDir)
	if err != nil {
		return nil, err
	}
	return &Store{f}, nil
}

// OpenRead opens the directory for reading. A process that writes there does not disturb it.
func OpenRead(dir string) (*Store, error) {
	f, err := readFolder(dir)
	if err != nil {
		return nil, err
	}
	return &Store{f}, nil
}
