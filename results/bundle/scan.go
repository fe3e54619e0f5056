package bundle

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/parquet-go/parquet-go"

	"llm4rec/results"
)

// scan finds what is private in a file of a bundle. Texts are taken out of the form that hides them: JSON's escapes, gzip, and
// Parquet's compression.
func scan(dir, name string, p Private) ([]Leak, error) {
	content, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	var out []Leak
	see := func(line int, text string) {
		for _, what := range p.leaks(text) {
			out = append(out, Leak{name, line, what})
		}
	}
	switch {
	case strings.HasPrefix(name, CassettesDir+"/"):
		err = readLines(content, see)
	case strings.HasSuffix(name, ".reasons.parquet"):
		err = reasonTexts(content, see)
	case strings.HasSuffix(name, ".talks.parquet"):
		err = talkTexts(content, see)
	case strings.HasSuffix(name, ".parquet"), name == results.MemoriesName: // ids of a data set; pages of a database
		p.keysOnly().binary(content, see)
	case strings.HasSuffix(name, ".json"):
		err = jsonTexts(content, 0, see)
	default:
		for n, line := range strings.Split(string(content), "\n") {
			see(n+1, line)
		}
	}
	return out, err
}

// keysOnly is for what holds a data set's own words, among which any name may be.
func (p Private) keysOnly() Private { return Private{Keys: p.Keys, Home: p.Home} }

func (p Private) binary(content []byte, see func(int, string)) {
	for _, key := range p.Keys {
		if bytes.Contains(content, []byte(key)) {
			see(0, key)
		}
	}
	for _, m := range keyForms.FindAll(content, -1) {
		see(0, string(m))
	}
	if p.Home != "" && p.Home != "/" && bytes.Contains(content, []byte(p.Home+"/")) {
		see(0, p.Home+"/")
	}
}

// jsonTexts visits the strings of a JSON text, the keys of objects among them.
func jsonTexts(content []byte, line int, see func(int, string)) error {
	d := json.NewDecoder(bytes.NewReader(content))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if s, ok := token.(string); ok {
			at := line
			if at == 0 {
				at = 1 + bytes.Count(content[:d.InputOffset()], []byte("\n"))
			}
			see(at, s)
			if strings.HasPrefix(s, "{") && json.Valid([]byte(s)) { // parameters are JSON in JSON
				if err := jsonTexts([]byte(s), at, see); err != nil {
					return err
				}
			}
		}
	}
}

// readLines visits the texts of a recording: lines of JSON, which may be compressed.
func readLines(content []byte, see func(int, string)) error {
	if bytes.HasPrefix(content, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			return err
		}
		if content, err = io.ReadAll(z); err != nil {
			return err
		}
	}
	for n, line := range bytes.Split(content, []byte("\n")) {
		if jsonTexts(line, n+1, see) != nil { // no JSON: as it is
			see(n+1, string(line))
		}
	}
	return nil
}

// reasonTexts visits what reasons say.
func reasonTexts(content []byte, see func(int, string)) error {
	reasons, err := parquet.Read[results.Reason](bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return err
	}
	for n, r := range reasons {
		see(n+1, r.Sentence)
		see(n+1, r.Error)
	}
	return nil
}

// talkTexts visits what was said in conversations, and what agents did for it.
func talkTexts(content []byte, see func(int, string)) error {
	talks, err := parquet.Read[results.Talk](bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return err
	}
	for n, talk := range talks {
		see(n+1, talk.Error)
		for _, u := range talk.Said {
			see(n+1, u.User)
			see(n+1, u.Agent)
			if jsonTexts([]byte(u.Trace), n+1, see) != nil {
				see(n+1, u.Trace)
			}
		}
	}
	return nil
}
