package agent

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func TestPrint(t *testing.T) {
	actor := says(does("filter", o{"where": "genre = 'x'"}), does("filter", o{"where": "genres = 'Comedy'"}), does("recommend", o{"best": 1}))
	turn := say(t, agentOf(t, textual(React), actor).Open(sciFiFan()), "a comedy")
	var b strings.Builder
	if err := turn.Print(&b, func(item int32) string { return fmt.Sprint("film ", item) }); err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`\([0-9.µmns]+, `).ReplaceAllString(regexp.MustCompile(`[0-9a-f]{8},`).ReplaceAllString(b.String(), "…,"), "(…, ")
	for _, want := range []string{
		" 1  actor    prompt …, request …, 10 + 5 tokens  (…, 10 candidates)\n      Thought: next\n      Action: filter\n",
		" 2  tool     filter {\"where\":\"genre = 'x'\"}  (…, 10 candidates)\n      error: filter: where: position 1: there is no field \"genre\"",
		" 4  tool     filter {\"where\":\"genres = 'Comedy'\"}  (…, 4 candidates)\n      4 candidates now",
		"recommended: film 4\n    I recommend:\n    - Airplane! (1980), Comedy\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// A model writes what it likes, be it to the terminal of who reads the trace.
func TestPrintHostile(t *testing.T) {
	const hostile = "x\x1b]0;owned\a\u202e\u009b2J\r"
	turn := Turn{Text: hostile, End: hostile, Items: []int32{1}, Trace: []Step{{By: ByActor, Text: hostile, Prompt: hostile, Asked: hostile}, {By: ByTool, Tool: hostile + "\n 9  tool", Arguments: []byte("\"" + hostile + "\""), Result: hostile, Error: hostile}}}
	var b strings.Builder
	if err := turn.Print(&b, func(int32) string { return hostile }); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\a\r\u009b\u202e") || strings.Contains(b.String(), "\n 9  tool") {
		t.Errorf("%q", b.String())
	}
}
