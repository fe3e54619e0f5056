package bench

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Source is a specification as text: where it came from and what it says. It turns the path of an error into a line and
// a column.
type Source struct {
	Name string // the file's name
	Text []byte
}

// Parse reads a specification strictly: an unknown, repeated or ill-typed key is an error with line and column. It does
// not check what the values mean: see [Resolve].
func (s Source) Parse() (*Spec, error) {
	spec := new(Spec)
	if err := s.Decode(spec); err != nil {
		return nil, err
	}
	return spec, nil
}

// Decode is the function [Decode] with errors that have line and column. An empty text is one.
func (s Source) Decode(into any) error {
	err := Decode(s.Text, into)
	if err == nil {
		if len(strings.TrimSpace(string(s.Text))) == 0 {
			return fmt.Errorf("%s:1:1: the file is empty", s.Name)
		}
		return nil
	}
	var place *Issue
	if errors.As(err, &place) {
		return s.Locate(place)
	}
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		p := at.GetToken().Position
		return fmt.Errorf("%s:%d:%d: %s\n%s", s.Name, p.Line, p.Column, Message(err), caret(err))
	}
	return fmt.Errorf("%s: %w", s.Name, err)
}

// caret is the part of a YAML error that shows the source, without its first line.
func caret(err error) string {
	_, source, _ := strings.Cut(yaml.FormatError(err, false, true), "\n")
	return source
}

// Locate adds line and column to an issue: those of its path, or of the nearest enclosing part that exists.
func (s Source) Locate(i *Issue) error {
	file, err := parser.ParseBytes(s.Text, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name, i)
	}
	for path := i.Path; path != ""; path = parent(path) {
		p, err := yaml.PathString("$." + path)
		if err != nil {
			continue
		}
		node, err := p.FilterFile(file)
		if err != nil || node == nil || node.GetToken() == nil {
			continue
		}
		at := start(node).GetToken().Position
		return fmt.Errorf("%s:%d:%d: %s: %w", s.Name, at.Line, at.Column, i.Path, i.Err)
	}
	return fmt.Errorf("%s:1:1: %s: %w", s.Name, i.Path, i.Err)
}

// start is the node where a reader sees a mapping begin: its first key, not its first colon.
func start(n ast.Node) ast.Node {
	switch x := n.(type) {
	case *ast.MappingNode:
		if !x.IsFlowStyle && len(x.Values) > 0 {
			return x.Values[0].Key
		}
	case *ast.MappingValueNode:
		return x.Key
	}
	return n
}

// parent cuts the last step of a path: a[1].b to a[1], and that to a.
func parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}
