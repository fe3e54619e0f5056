//go:build !(cgo && faiss)

package index

import (
	"context"
	"fmt"
)

// HasFAISS says whether this program has FAISS.
const HasFAISS = false

func (c Config) buildFAISS(context.Context, string, []float32, int) (Index, error) {
	return nil, c.missing()
}

func (c Config) loadFAISS(string) (Index, error) { return nil, c.missing() }

func (c Config) missing() error {
	return fmt.Errorf("index: %s: this program was built without FAISS; 'make build' builds it with, where libfaiss-dev and a C++ compiler are installed", c.Index)
}
