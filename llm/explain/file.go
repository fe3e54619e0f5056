package explain

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"text/template"

	"github.com/goccy/go-yaml"

	"llm4rec/llm"
)

//go:embed templates/*.txt prompts/*.txt judges/*.txt
var embedded embed.FS

// File is a template of sentences or of prompts: a header, a line "---", and a text/template. Its hash says all that is in it.
type File struct {
	Name     string                       `yaml:"name"`
	Version  int                          `yaml:"version"`
	Source   string                       `yaml:"source"`
	Wordings map[string]map[string]string `yaml:"wordings"` // the words for items, by kind of item

	Hash string `yaml:"-"` // SHA-256 of the file

	template *template.Template
}

// readFile finds an embedded file of a folder by its name or, where that has a slash or a dot, a file on disk.
func readFile(folder, name string) (File, error) {
	if strings.ContainsAny(name, `./\`) {
		content, err := os.ReadFile(name)
		if err != nil {
			return File{}, err
		}
		f, err := parseFile(string(content))
		if err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
		return f, err
	}
	content, err := embedded.ReadFile(path.Join(folder, name+".txt"))
	if err != nil {
		return File{}, fmt.Errorf("%q is not one of %s, nor the path of a file", name, strings.Join(names(folder), ", "))
	}
	return parseFile(string(content))
}

// names are those of the embedded files of a folder.
func names(folder string) []string {
	files, err := fs.ReadDir(embedded, folder)
	if err != nil {
		panic(err) // it is part of the program
	}
	var out []string
	for _, f := range files {
		out = append(out, strings.TrimSuffix(f.Name(), ".txt"))
	}
	return out
}

func parseFile(content string) (File, error) {
	sum := sha256.Sum256([]byte(content))
	f := File{Hash: hex.EncodeToString(sum[:])}
	header, body, ok := strings.Cut(strings.ReplaceAll(content, "\r\n", "\n"), "\n---\n")
	if !ok {
		return f, errors.New(`want a header and a line "---" before the template`)
	}
	if err := yaml.UnmarshalWithOptions([]byte(header), &f, yaml.Strict()); err != nil {
		return f, fmt.Errorf("header: %s", strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	if f.Name == "" || f.Version < 1 || len(f.Wordings) == 0 {
		return f, errors.New("header: want a name, a version of at least 1, and wordings")
	}
	var err error
	f.template, err = template.New(f.Name).Option("missingkey=error").Funcs(template.FuncMap{"list": list, "titles": titles}).Parse(body)
	return f, err
}

// words are those of a wording.
func (f File) words(wording string) (map[string]string, error) {
	w, ok := f.Wordings[wording]
	if !ok {
		return nil, fmt.Errorf("%s has no wording %q; there are: %s", f.Name, wording, strings.Join(slices.Sorted(maps.Keys(f.Wordings)), ", "))
	}
	return w, nil
}

// run fills in a part of the template, or all of it where the part is "". Without that part it is "".
func (f File) run(part string, with any) (string, error) {
	t := f.template
	if part != "" {
		if t = t.Lookup(part); t == nil {
			return "", nil
		}
	}
	var b bytes.Buffer
	if err := t.Execute(&b, with); err != nil {
		return "", err
	}
	return strings.TrimSpace(b.String()), nil
}

// messages are a prompt in words: its part "system", if it has one, and the rest.
func (f File) messages(with any) ([]llm.Message, error) {
	var out []llm.Message
	for _, part := range []struct{ name, role string }{{"system", llm.System}, {"", llm.User}} {
		content, err := f.run(part.name, with)
		if err != nil {
			return nil, fmt.Errorf("explain: prompt %s: %w", f.Name, err)
		}
		if content != "" {
			out = append(out, llm.Message{Role: part.role, Content: content})
		}
	}
	return out, nil
}

// list joins words: a, b and c.
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// titles is list of titles in their marks.
func titles(of []string) string {
	out := make([]string, len(of))
	for n, t := range of {
		out[n] = "“" + t + "”"
	}
	return list(out)
}
