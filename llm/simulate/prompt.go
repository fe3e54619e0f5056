package simulate

import (
	"embed"
	"encoding/json"
	"errors"
	"strings"
	"text/template"

	"llm4rec/llm"
	"llm4rec/llm/clean"
	"llm4rec/llm/prompt"
)

//go:embed prompts/*.txt
var embedded embed.FS

// File is a template of prompts: a header, a line "---", and a text/template. Its hash says all that is in it.
type File struct {
	Name    string `yaml:"name"`
	Version int    `yaml:"version"`
	Source  string `yaml:"source"`

	prompt.Template `yaml:"-"`
}

// readFile finds an embedded file by its name or, where that has a slash or a dot, a file on disk.
func readFile(name string) (File, error) {
	return prompt.Read(prompt.In(embedded, "prompts"), name, parseFile)
}

func parseFile(content string) (f File, err error) {
	f.Template, err = prompt.Parse(content, &f, template.FuncMap{"list": func(words []string) string { return strings.Join(words, "; ") }})
	if err == nil && (f.Name == "" || f.Version < 1) {
		err = errors.New("header: want a name and a version of at least 1")
	}
	return f, err
}

// scene is what a template of prompts sees. Every text is one line, without the signs that a prompt's marks are made of. The
// wanted item's title is not in it, nor its id.
type scene struct {
	Wishes      []wish
	Facts       []string
	History     []string // titles, the newest first
	Lines       []line
	Recommended int    // items, of which none is the one
	Broken      string // what the rules would say against them, or ""
	Draft       string // all that the rules would say
}

type wish struct {
	Words string
	Kind  string
	Said  bool
}

type line struct{ Who, Text string }

// Class says what an answer of a language model was.
type Class string

// What answers are. Of several that fit, the first here counts.
const (
	Failed     Class = "failed call"
	Refusal    Class = "refusal"    // the provider does not let the model
	Truncated  Class = "truncated"  // it ran into the limit of tokens before its end
	Unreadable Class = "unreadable" // it is not the JSON that was asked for
	Empty      Class = "empty"      // nothing but space
	Leaked     Class = "leak"       // it names the wanted item
	OK         Class = "ok"
)

// sentenceLimit is of characters: what is longer is cut.
const sentenceLimit = 1000

// parse reads an answer. Of one that is not OK nothing is kept.
func parse(r llm.Response, leak Leak) (string, Class) {
	var a struct {
		Say *string `json:"say"`
	}
	read := llm.Object(r.Text, &a) == nil && a.Say != nil
	switch {
	case r.Finish == llm.Filtered:
		return "", Refusal
	case r.Finish == llm.Length && !read:
		return "", Truncated
	case !read:
		return "", Unreadable
	}
	text := clean.Text(*a.Say, sentenceLimit)
	switch {
	case len(tokens(text)) == 0:
		return "", Empty
	case leak.In(text):
		return "", Leaked
	}
	return text, OK
}

var schema = json.RawMessage(`{"type":"object","properties":{"say":{"type":"string"}},"required":["say"],"additionalProperties":false}`)
