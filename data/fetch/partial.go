package fetch

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
)

// partial is a download that is not finished. Beside it lies the validator: what the server calls this version of the
// content, without which a resumed download could join the halves of two versions.
type partial struct{ path string }

func (p partial) validatorPath() string { return p.path + ".validator" }

// open opens the file for appending and says how much of it can be kept.
func (p partial) open() (f *os.File, have int64, validator string, err error) {
	f, err = os.OpenFile(p.path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, 0, "", err
	}
	text, err := os.ReadFile(p.validatorPath())
	if errors.Is(err, os.ErrNotExist) {
		return f, 0, "", nil
	}
	info, err2 := f.Stat()
	if err := errors.Join(err, err2); err != nil {
		return nil, 0, "", errors.Join(err, f.Close())
	}
	return f, info.Size(), string(text), nil
}

// begin empties the file and notes the validator of the content to come.
func (p partial) begin(f *os.File, validator string) error {
	err := os.Remove(p.validatorPath())
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	err = errors.Join(err, f.Truncate(0))
	if err == nil && validator != "" {
		err = os.WriteFile(p.validatorPath(), []byte(validator), 0o644)
	}
	return err
}

func (p partial) remove() error {
	err := os.Remove(p.path)
	if e := os.Remove(p.validatorPath()); !errors.Is(e, os.ErrNotExist) {
		err = errors.Join(err, e)
	}
	if err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	return nil
}

// validatorOf is what If-Range may carry: a strong ETag, or else the date of the last change.
func validatorOf(h http.Header) string {
	if tag := h.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return h.Get("Last-Modified")
}
