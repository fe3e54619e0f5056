// Package prompt reads files that make the messages of a request: a header in YAML, a line "---", and a text/template, in which
// {{define "system"}} is the system's message and the rest the user's. The hash of a file says all that a model was told.
package prompt

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"text/template"

	"github.com/goccy/go-yaml"

	"llm4rec/llm"
)

// Template is a file below its header.
type Template struct {
	Hash string // SHA-256 of the file
	Text string // of the file

	parsed *template.Template
}

// Parse reads a file's header into a struct, which must know all its fields, and parses what is below it.
func Parse(text string, header any, funcs template.FuncMap) (Template, error) {
	sum := sha256.Sum256([]byte(text))
	t := Template{Hash: hex.EncodeToString(sum[:]), Text: text}
	head, body, ok := strings.Cut(strings.ReplaceAll(text, "\r\n", "\n"), "\n---\n")
	if !ok {
		return t, errors.New(`want a header and a line "---" before the template`)
	}
	if err := yaml.UnmarshalWithOptions([]byte(head), header, yaml.Strict()); err != nil {
		return t, fmt.Errorf("header: %s", strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	var err error
	t.parsed, err = template.New("prompt").Option("missingkey=error").Funcs(funcs).Parse(body)
	return t, err
}

// Run fills in a part of the template, or all of it where the part is "". Without that part it is "".
func (t Template) Run(part string, with any) (string, error) {
	p := t.parsed
	if part != "" {
		if p = p.Lookup(part); p == nil {
			return "", nil
		}
	}
	var b bytes.Buffer
	if err := p.Execute(&b, with); err != nil {
		return "", err
	}
	return strings.TrimSpace(b.String()), nil
}

// Messages are the part "system", if there is one, and the rest.
func (t Template) Messages(with any) ([]llm.Message, error) {
	var out []llm.Message
	for _, part := range []struct{ name, role string }{{"system", llm.System}, {"", llm.User}} {
		content, err := t.Run(part.name, with)
		if err != nil {
			return nil, err
		}
		if content != "" {
			out = append(out, llm.Message{Role: part.role, Content: content})
		}
	}
	return out, nil
}

// Names are those of the files of a folder, which end in .txt.
func Names(folder fs.FS) []string {
	files, err := fs.Glob(folder, "*.txt")
	if err != nil {
		panic(err) // of the pattern
	}
	for n, f := range files {
		files[n] = strings.TrimSuffix(f, ".txt")
	}
	return files
}

// All reads the files of a folder that is part of the program.
func All[P any](folder fs.FS, parse func(text string) (P, error)) []P {
	var out []P
	for _, name := range Names(folder) {
		p, err := Read(folder, name, parse)
		if err != nil {
			panic(err)
		}
		out = append(out, p)
	}
	return out
}

// Read finds a file of a folder by its name or, where that has a slash or a dot, a file on disk.
func Read[P any](folder fs.FS, name string, parse func(text string) (P, error)) (P, error) {
	var text []byte
	var err error
	if strings.ContainsAny(name, `./\`) {
		text, err = os.ReadFile(name)
	} else if text, err = fs.ReadFile(folder, path.Join(".", name+".txt")); err != nil {
		err = fmt.Errorf("%q is not one of %s, nor the path of a file", name, strings.Join(Names(folder), ", "))
	}
	var p P
	if err != nil {
		return p, err
	}
	if p, err = parse(string(text)); err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return p, err
}

// In is a folder of an embedded file system.
func In(embedded fs.FS, folder string) fs.FS {
	sub, err := fs.Sub(embedded, folder)
	if err != nil {
		panic(err) // the name is the program's
	}
	return sub
}
