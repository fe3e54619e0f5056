package fetch

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"strings"
)

// Sum is a checksum with its algorithm: "md5:6e47…" or "sha256:b725…". MD5 is what most publishers give: it finds a
// broken or altered copy, not a forged one.
type Sum string

// MismatchError says that content is not what its publisher's checksum promises.
type MismatchError struct {
	Name      string // of the file or the address
	Want, Got Sum
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("fetch: %s: checksum is %s, want %s: the copy is broken or altered", e.Name, e.Got, e.Want)
}

func (s Sum) hash() (hash.Hash, string, error) {
	algorithm, digest, _ := strings.Cut(string(s), ":")
	var h hash.Hash
	switch algorithm {
	case "md5":
		h = md5.New()
	case "sha256":
		h = sha256.New()
	default:
		return nil, "", fmt.Errorf("fetch: checksum %q: want md5:… or sha256:…", string(s))
	}
	if raw, err := hex.DecodeString(digest); err != nil || len(raw) != h.Size() {
		return nil, "", fmt.Errorf("fetch: checksum %q: want %d hexadecimal digits", string(s), 2*h.Size())
	}
	return h, algorithm, nil
}

// Verify reads all of r and returns a [MismatchError] if its checksum is another.
func (s Sum) Verify(name string, r io.Reader) error {
	h, algorithm, err := s.hash()
	if err != nil {
		return err
	}
	if _, err := io.Copy(h, r); err != nil {
		return fmt.Errorf("fetch: %s: %w", name, err)
	}
	if got := Sum(algorithm + ":" + hex.EncodeToString(h.Sum(nil))); !strings.EqualFold(string(got), string(s)) {
		return &MismatchError{name, s, got}
	}
	return nil
}

// VerifyFile verifies one file of a folder.
func (s Sum) VerifyFile(fsys fs.FS, name string) error {
	f, err := fsys.Open(name)
	if err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	defer f.Close() // read only: nothing can be lost
	return s.Verify(name, f)
}

// parseSum finds the checksum in a publisher's file beside the archive: "HEX  name" or "MD5 (name) = HEX". The
// algorithm follows from the number of digits.
func parseSum(text string) (Sum, error) {
	for _, word := range strings.Fields(text) {
		for _, algorithm := range []string{"md5:", "sha256:"} {
			s := Sum(algorithm + strings.ToLower(word))
			if _, _, err := s.hash(); err == nil {
				return s, nil
			}
		}
	}
	return "", fmt.Errorf("no checksum in %.80q", text)
}
