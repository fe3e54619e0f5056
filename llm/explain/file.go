package explain

import (
	"embed"
	"fmt"
	"strings"
	"text/template"

	"llm4rec/llm"
	"llm4rec/llm/prompt"
)

//go:embed templates/*.txt prompts/*.txt judges/*.txt
var embedded embed.FS

// File is a template of sentences or of prompts: a header, a line "---", and a text/template. Its hash says all that is in it.
type File struct{ prompt.Worded }

// readFile finds an embedded file of a folder by its name or, where that has a slash or a dot, a file on disk.
func readFile(folder, name string) (File, error) {
	return prompt.Read(prompt.In(embedded, folder), name, parseFile)
}

func parseFile(content string) (f File, err error) {
	f.Worded, err = prompt.ParseWorded(content, template.FuncMap{"list": list, "titles": titles})
	return f, err
}

// messages are a prompt in words.
func (f File) messages(with any) ([]llm.Message, error) {
	out, err := f.Messages(with)
	if err != nil {
		return nil, fmt.Errorf("explain: prompt %s: %w", f.Name, err)
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

// Hash is that of the template's file, if it has the wording.
func (c TemplateConfig) Hash() (string, error) { return hash("templates", c.Template, c.Wording) }

// Hash is that of the prompt's file, if it has the wording.
func (c ModelConfig) Hash() (string, error) { return hash("prompts", c.Prompt, c.Wording) }

func hash(folder, name, wording string) (string, error) {
	f, err := readFile(folder, name)
	if err == nil {
		_, err = f.Words(wording)
	}
	if err != nil {
		return "", fmt.Errorf("explain: %w", err)
	}
	return f.Hash, nil
}
