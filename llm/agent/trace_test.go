package agent

import (
	"regexp"
	"strings"
	"testing"
)

func TestPrint(t *testing.T) {
	actor := says(does("filter", o{"where": "genre = 'x'"}), does("filter", o{"where": "genres = 'Comedy'"}), does("recommend", o{"best": 1}))
	turn := say(t, agentOf(t, textual(React), actor).Open(sciFiFan()), "a comedy")
	var b strings.Builder
	if err := turn.Print(&b); err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`\([0-9.µmns]+, `).ReplaceAllString(regexp.MustCompile(`[0-9a-f]{8},`).ReplaceAllString(b.String(), "…,"), "(…, ")
	for _, want := range []string{
		" 1  actor    prompt …, request …, 10 + 5 tokens  (…, 10 candidates)\n      Thought: next\n      Action: filter\n",
		" 2  tool     filter {\"where\":\"genre = 'x'\"}  (…, 10 candidates)\n      error: filter: where: position 1: there is no field \"genre\"",
		" 4  tool     filter {\"where\":\"genres = 'Comedy'\"}  (…, 4 candidates)\n      4 candidates now",
		"recommended: [4]\n    I recommend:\n    - Airplane! (1980), Comedy\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
