package rank

import (
	"math"
	"slices"
	"strings"
	"testing"

	"llm4rec/llm"
)

func TestParseOrder(t *testing.T) {
	const schema, plain = true, false
	for _, c := range []struct {
		text   string
		finish llm.Finish
		schema bool
		want   []int // as the model counts, from 1
		class  Class
	}{
		{`{"ranking": [3, 1, 2]}`, llm.Stop, schema, []int{3, 1, 2}, OK},
		{" {\n\"ranking\":[3,1,2] } ", llm.Stop, schema, []int{3, 1, 2}, OK},
		{`{"ranking":[3,1,3,2]}`, llm.Stop, schema, []int{3, 1, 2}, Duplicate},
		{`{"ranking":[3,1]}`, llm.Stop, schema, []int{3, 1}, Missing},
		{`{"ranking":[4,3,1,2]}`, llm.Stop, schema, []int{3, 1, 2}, Outside},
		{`{"ranking":[0,-1,99999999999999999999]}`, llm.Stop, schema, nil, Outside},
		{`{"ranking":[]}`, llm.Stop, schema, nil, Unreadable},
		{`{"ranking":[3,1`, llm.Length, schema, []int{3}, Truncated}, // 1 may be the beginning of 12
		{`{"ranking":[3,1,`, llm.Length, schema, []int{3, 1}, Truncated},
		{`{"ranking":[3,1,2]`, llm.Length, schema, []int{3, 1, 2}, OK},
		{`{"ranking":[3,1,2],"why"`, llm.Length, schema, nil, Truncated},
		{`{"ranking":[3,1`, llm.Stop, schema, []int{3}, Truncated},
		{``, llm.Length, schema, nil, Truncated},
		{" \n", llm.Stop, schema, nil, Empty},
		{`3, 1, 2`, llm.Stop, schema, nil, Unreadable},
		{`{"best": 3}`, llm.Stop, schema, nil, Unreadable},
		{`{"ranking":[3.5,1]}`, llm.Stop, schema, nil, Unreadable},
		{`{"ranking":["3"]}`, llm.Stop, schema, nil, Unreadable},
		{`{"ranking":3}`, llm.Stop, schema, nil, Unreadable},
		{`I'm sorry, but I can't help with that.`, llm.Stop, schema, nil, Refusal},
		{`{"ranking":[3,1,2]}`, llm.Filtered, schema, []int{3, 1, 2}, Refusal},
		{`null`, llm.Stop, schema, nil, Unreadable},

		{"3\n1\n2", llm.Stop, plain, []int{3, 1, 2}, OK},
		{"[3]\r\n[1]\r\n[2]\r\n", llm.Stop, plain, []int{3, 1, 2}, OK},
		{"- 3\n- 1\n- 2", llm.Stop, plain, []int{3, 1, 2}, OK},
		{"**3**\n**1**\n**2**", llm.Stop, plain, []int{3, 1, 2}, OK},
		{"3, 1, 2", llm.Stop, plain, []int{3, 1, 2}, OK},
		{"[3] > [1] > [2].", llm.Stop, plain, []int{3, 1, 2}, OK},
		{"[3, 1, 2]", llm.Stop, plain, []int{3, 1, 2}, OK},
		{`{"ranking": [3, 1, 2]}`, llm.Stop, plain, []int{3, 1, 2}, OK},
		{"```json\n{\"ranking\": [3, 1, 2]}\n```", llm.Stop, plain, []int{3, 1, 2}, OK},
		{"Here is the ranking of 3:\n1. [3] 12 Angry Men\n2. [1] Heat\n3. [2] Up\nEnjoy 2 of them!", llm.Stop, plain, []int{3, 1, 2}, OK},
		{"[3] 2001: A Space Odyssey\n[1] Se7en\n[2] 1984", llm.Stop, plain, []int{3, 1, 2}, OK},
		{"1. Heat\n2. Up\n3. Alien", llm.Stop, plain, nil, Unreadable}, // ranks or numbers?
		{"3\n1\n1", llm.Stop, plain, []int{3, 1}, Duplicate},
		{"3\n1", llm.Length, plain, []int{3}, Truncated},
		{"3\n1\n", llm.Length, plain, []int{3}, Truncated},
		{"I would watch Heat next.", llm.Stop, plain, nil, Unreadable},
		{"I cannot rank these.", llm.Stop, plain, nil, Refusal},
		{"As an AI, I have no taste.\n3\n1\n2", llm.Stop, plain, []int{3, 1, 2}, OK},
	} {
		got, class := parseOrder(llm.Response{Text: c.text, Finish: c.finish}, 3, c.schema)
		for n := range got {
			got[n]++
		}
		if class != c.class || !slices.Equal(got, c.want) {
			t.Errorf("%q (%s): %v, %s, want %v, %s", c.text, c.finish, got, class, c.want, c.class)
		}
	}
}

func TestParseBest(t *testing.T) {
	for _, c := range []struct {
		text   string
		finish llm.Finish
		schema bool
		want   int
		class  Class
	}{
		{`{"best": 2}`, llm.Stop, true, 2, OK},
		{`{"best": 2`, llm.Length, true, 0, Truncated},
		{`{"best": 4}`, llm.Stop, true, 0, Outside},
		{`{"ranking": [2]}`, llm.Stop, true, 0, Unreadable},
		{`[2]`, llm.Stop, false, 2, OK},
		{`2`, llm.Stop, false, 2, OK},
		{`[2] Heat`, llm.Stop, false, 2, OK},
		{"2\n3", llm.Stop, false, 0, Unreadable},
		{"", llm.Stop, false, 0, Empty},
		{"Sorry, no.", llm.Stop, false, 0, Refusal},
	} {
		got, class := parseBest(llm.Response{Text: c.text, Finish: c.finish}, 3, c.schema)
		if class != c.class || got+1 != c.want {
			t.Errorf("%q: %d, %s, want %d, %s", c.text, got+1, class, c.want, c.class)
		}
	}
}

func TestParseYes(t *testing.T) {
	ln := math.Log
	for name, c := range map[string]struct {
		r     llm.Response
		want  float64
		class Class
	}{
		"both":        {llm.Response{Text: "Yes", Tokens: []llm.Token{{Text: "Yes", Logprob: ln(.6), Top: []llm.Alternative{{Text: "Yes", Logprob: ln(.6)}, {Text: " yes", Logprob: ln(.1)}, {Text: "No", Logprob: ln(.2)}}}}}, ln(.7) - ln(.2), OK},
		"quoted":      {llm.Response{Text: `"no"`, Tokens: []llm.Token{{Text: `"`}, {Text: `no`, Logprob: ln(.75)}}}, ln(.25) - ln(.75), OK},
		"one word":    {llm.Response{Text: "yes", Finish: llm.Length, Tokens: []llm.Token{{Text: "yes", Logprob: ln(.75)}}}, ln(.75) - ln(.25), OK},
		"certain":     {llm.Response{Text: "yes", Tokens: []llm.Token{{Text: "yes"}}}, -ln(1e-9), OK},
		"other words": {llm.Response{Text: "maybe", Tokens: []llm.Token{{Text: "maybe"}}}, 0, Unreadable},
		"refusal":     {llm.Response{Finish: llm.Filtered}, 0, Refusal},
		"empty":       {llm.Response{Tokens: []llm.Token{{}}}, 0, Empty},
	} {
		got, class := parseYes(c.r)
		if class != c.class || math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v, %s, want %v, %s", name, got, class, c.want, c.class)
		}
	}
}

// Whatever a model says, it is a class and distinct numbers of candidates, and good only if all are there.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"ranking":[3,1,2]}`, "3\n1\n2", "1. [2] x", "[1,2", "```\n1\n```", `{"best":-1}`, "I'm sorry", "٣\n1", "[]", "3>1>2."} {
		f.Add(s, uint8(3), false, false)
		f.Add(s, uint8(1), true, true)
	}
	f.Fuzz(func(t *testing.T, text string, n uint8, schema, cut bool) {
		r := llm.Response{Text: text, Finish: llm.Stop}
		if cut {
			r.Finish = llm.Length
		}
		size := int(n%30) + 1
		order, class := parseOrder(r, size, schema)
		seen := map[int]bool{}
		for _, x := range order {
			if x < 0 || x >= size || seen[x] {
				t.Fatalf("%q: %v", text, order)
			}
			seen[x] = true
		}
		if class == "" || class == OK && len(order) != size || (class == Empty) != (strings.TrimSpace(text) == "" && !cut) {
			t.Fatalf("%q: %v is %q", text, order, class)
		}
		full := complete(order, firstN(size))
		if slices.Sort(full); !slices.Equal(full, firstN(size)) {
			t.Fatalf("%q: completed: %v", text, full)
		}
		if best, class := parseBest(r, size, schema); best >= size || (best >= 0) != (class == OK) {
			t.Fatalf("%q: best %d is %q", text, best, class)
		}
	})
}

func firstN(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
