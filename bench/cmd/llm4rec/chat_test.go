package main

import (
	"strings"
	"testing"

	"llm4rec/llm/agent"
)

// A model may make up a tool, and what it is given; both are shown as the step is taken.
func TestStep(t *testing.T) {
	const hostile = "fly\x1b]0;owned\a\n\u202e"
	got := step(agent.Step{By: agent.ByTool, Tool: hostile + strings.Repeat("x", 1000), Arguments: []byte(hostile), Error: hostile})
	if strings.ContainsAny(got, "\x1b\a\n\u202e") || len(got) > 400 || !strings.HasPrefix(got, "fly ") {
		t.Errorf("%q", got)
	}
}
