package price_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"llm4rec/llm"
	"llm4rec/llm/price"
)

const openai = "https://api.openai.com/v1"

func day(t *testing.T, text string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestStandard(t *testing.T) {
	for _, test := range []struct {
		provider, base, model, on string
		known                     bool
		prompt, cached, output    float64
	}{
		{"openai", openai, "gpt-4o-mini", "2026-01-01", true, 0.15, 0.075, 0.6},
		{"openai", openai + "/", "gpt-4o-mini", "2026-01-01", true, 0.15, 0.075, 0.6},
		{"openai", openai, "gpt-4o-mini", "2024-09-30", false, 0, 0, 0}, // before the table knows
		{"openai", openai, "gpt-4o-mini-audio-preview", "2026-01-01", false, 0, 0, 0},
		{"openai", openai, "gpt-3.5-turbo-0125", "2024-01-25", true, 0.5, 0.5, 1.5},
		{"openai", openai, "text-embedding-3-large", "2026-01-01", true, 0.13, 0.13, 0},
		{"openai", "http://127.0.0.1:8000/v1", "gpt-4o-mini", "2026-01-01", false, 0, 0, 0},
		{"openai", openai, "qwen", "2026-01-01", false, 0, 0, 0},
		{"ollama", "http://127.0.0.1:11434", "qwen2.5:0.5b", "2026-01-01", true, 0, 0, 0},
		{"ollama", "http://127.0.0.1:11434", "gpt-oss:120b-cloud", "2026-01-01", false, 0, 0, 0},
		{"other", "http://x", "m", "2026-01-01", false, 0, 0, 0},
	} {
		p, known := price.Of(llm.Identity{Provider: test.provider, BaseURL: test.base, Model: test.model}, day(t, test.on))
		if known != test.known || p.Prompt != test.prompt || p.Cached != test.cached || p.Output != test.output || known && p.Source == "" {
			t.Errorf("%s at %s on %s: %+v, %v", test.model, test.base, test.on, p, known)
		}
	}
}

func TestDollars(t *testing.T) {
	p := price.Price{Prompt: 2, Cached: 0.5, Output: 8}
	if got, want := p.Dollars(1_000_000, 400_000, 100_000), 0.6*2+0.4*0.5+0.1*8; math.Abs(got-want) > 1e-12 {
		t.Errorf("%v, want %v", got, want)
	}
}

const head = "provider\tbase_url\tmodel\tfrom\tprompt\tcached\toutput\tsource\n"

// A table of one's own goes before the standard one; the latest day counts, and the longest name.
func TestRead(t *testing.T) {
	table, err := price.Read(strings.NewReader("# mine\n\n"+head+
		"openai\thttp://here/v1\t*\t2025-01-01\t1\t-\t1\tcontract\n"+
		"openai\thttp://here/v1\tbig-*\t2025-01-01\t2\t-\t2\tcontract\n"+
		"openai\thttp://here/v1\tbig-model\t2025-06-01\t4\t-\t4\tcontract\n"+
		"openai\thttp://here/v1\tbig-model\t2025-03-01\t3\t-\t3\tcontract\r\n"), "mine")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		model, on string
		want      float64
	}{{"small", "2026-01-01", 1}, {"big-other", "2026-01-01", 2}, {"big-model", "2025-02-01", 2}, {"big-model", "2025-04-01", 3}, {"big-model", "2025-06-01", 4}} {
		if p, known := table.Of(llm.Identity{Provider: "openai", BaseURL: "http://here/v1", Model: test.model}, day(t, test.on)); !known || p.Prompt != test.want || p.Cached != p.Prompt {
			t.Errorf("%s on %s: %+v, %v", test.model, test.on, p, known)
		}
	}
	if p, known := table.Of(llm.Identity{Provider: "openai", BaseURL: openai, Model: "gpt-4.1"}, day(t, "2026-01-01")); !known || p.Output != 8 {
		t.Errorf("what it does not have: %+v, %v", p, known)
	}
	for text, want := range map[string]string{
		"model\tprice\n":                                  "mine:1: want the columns",
		head + "openai\t*\tm\n":                           "mine:2: want 8 fields, got 3",
		head + "openai\t*\tm\tJuly\t1\t1\t1\tx\n":         `the day "July"`,
		head + "openai\t*\tm\t2025-01-01\tNaN\t1\t1\tx\n": `prompt: want dollars`,
		head + "openai\t*\tm\t2025-01-01\t1\t1\t-1\tx\n":  `output: want dollars`,
		head + "openai\t*\tm\t2025-01-01\t1\t1\t1\t\n":    "without a source",
	} {
		if _, err := price.Read(strings.NewReader(text), "mine"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
