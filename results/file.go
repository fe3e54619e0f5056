package results

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Damaged is the error of a stored file that is not what was written, or that this program is too old to read.
type Damaged struct {
	Path string
	Why  string
}

// Cell is the id of the cell that the file belongs to, if it is a cell's.
func (e *Damaged) Cell() string {
	id, _, _ := strings.Cut(filepath.Base(e.Path), ".")
	return id
}

func (e *Damaged) Error() string { return fmt.Sprintf("results: %s is damaged: %s", e.Path, e.Why) }

// replace writes a file so that, after a crash at any moment, either the old content is there or the new one.
func replace(path string, content []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, tempPrefix+"*")
	if err != nil {
		return fmt.Errorf("results: write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("results: write %s: %w", path, errors.Join(err, os.Remove(f.Name())))
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(0o644) // a temporary file is for its owner only
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a rename last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// envelope carries JSON with the checksum of its compact form, so that a person may read it indented.
type envelope struct {
	SHA256 string          `json:"sha256"`
	Record json.RawMessage `json:"record"`
}

func seal(v any) ([]byte, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	out, err := json.MarshalIndent(envelope{checksum(body), body}, "", "  ")
	return append(out, '\n'), err
}

// unseal reads a file that seal wrote. The error is a [Damaged] unless the file cannot be read at all.
func unseal(path string, v any) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var e envelope
	if err := json.Unmarshal(content, &e); err != nil {
		return &Damaged{path, fmt.Sprintf("not the JSON that was written (%d bytes: %v)", len(content), err)}
	}
	var body bytes.Buffer
	if err := json.Compact(&body, e.Record); err != nil {
		return &Damaged{path, err.Error()}
	}
	if got := checksum(body.Bytes()); got != e.SHA256 {
		return &Damaged{path, fmt.Sprintf("its checksum is %s, not %s", short(got), short(e.SHA256))}
	}
	// The version first: a later form may not even decode into ours.
	var form struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(body.Bytes(), &form); err != nil {
		return &Damaged{path, err.Error()}
	}
	if form.Version < 1 || form.Version > Version {
		return &Damaged{path, fmt.Sprintf("version %d, and this program reads up to %d", form.Version, Version)}
	}
	if err := json.Unmarshal(body.Bytes(), v); err != nil {
		return &Damaged{path, err.Error()}
	}
	return nil
}

func checksum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// hashed names an identity: the first 16 bytes of the SHA-256 of its JSON, in hexadecimal.
func hashed(identity any) string {
	b, err := json.Marshal(identity) // fields in the order of the type: one identity, one text
	if err != nil {
		panic("results: an identity holds only strings and numbers: " + err.Error())
	}
	return checksum(b)[:32]
}

// short is as much of a checksum as a person compares.
func short(sum string) string { return sum[:min(len(sum), 12)] }
