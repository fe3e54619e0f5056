package rank

import (
	"strings"
	"testing"

	"llm4rec/data"
	"llm4rec/llm"
)

func TestProbe(t *testing.T) {
	train := catalogue(20)
	for n := range train.ItemText[0].Values {
		train.ItemText[0].Values[n] = "The Long Film " + string(rune('A'+n)) + " (1995)"
	}
	train.ItemText[0].Values[3] = "Heat" // of which no half could be asked for
	for u := range 8 {                   // six items each
		for k := range 2 {
			train.Inter.User, train.Inter.Item = append(train.Inter.User, int32(u)), append(train.Inter.Item, int32(10+k))
		}
	}
	train.Valid = data.Part{Cases: []data.Case{{User: 0}}, Relevant: [][]int32{{19}}}
	parrot := &fake{answer: func(q llm.Request, _ []string) llm.Response {
		text := q.Messages[0].Content
		if !strings.Contains(text, "data set toys") || strings.Contains(text, "Heat |") {
			t.Errorf("%s", text)
		}
		if _, id, ok := strings.Cut(text, "begins so:\n"); ok {
			if !strings.Contains(id, " | The Long\n") {
				t.Errorf("%s", text)
			}
			id, _, _ = strings.Cut(id, " ")
			return llm.Response{Text: id + " | long film, the " + string("ABCDEFGHIJKLMNOPQRST"[int(id[1]-'0')*10+int(id[2]-'0')]) + "\nI know it."}
		}
		return llm.Response{Text: "The Long Film L"}
	}}
	got, err := Probe(t.Context(), parrot, "toys", train, 30, 1)
	if want := (Contamination{Items: Recited{19, 19}, Histories: Recited{8, 8}}); err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	got, err = Probe(t.Context(), says("I do not know.", llm.Stop), "toys", train, 5, 1)
	if want := (Contamination{Items: Recited{5, 0}, Histories: Recited{5, 0}}); err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	if _, err := Probe(t.Context(), failing{}, "toys", train, 5, 1); err == nil {
		t.Error("a failed call: no error")
	}
	if _, err := Probe(t.Context(), parrot, "toys", &data.Train{}, 5, 1); err == nil {
		t.Error("no titles: no error")
	}
}

func TestNormal(t *testing.T) {
	for in, want := range map[string]string{
		"Matrix, The (1999)": "matrix", "The  MATRIX": "matrix", "2001: A Space Odyssey": "2001 space odyssey", "1984": "1984",
		"Blade Runner 2049": "blade runner 2049", "Amélie": "amélie", "": "", "A": "", "1984 (1984)": "1984", "(1999)": "1999",
	} {
		if got := normal(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
