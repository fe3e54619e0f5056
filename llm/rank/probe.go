package rank

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"

	"llm4rec/data"
	"llm4rec/llm"
	"llm4rec/llm/clean"
)

// Contamination says how much of a data set a model can recite, which it can only have from having read it.
type Contamination struct {
	Items     Recited `json:"items"`     // titles, from their beginnings
	Histories Recited `json:"histories"` // the next title, from a user's first ones
}

// Recited counts questions, and the answers that say what stands in the data set.
type Recited struct {
	Asked     int `json:"asked"`
	Completed int `json:"completed"`
}

const (
	probeHistory = 5   // titles that a probe shows
	probeLimit   = 300 // runes of each
	probeTokens  = 64
)

// Probe asks a model to complete n titles, of which it is given the item's id and the first half of the words, and n histories
// of training, of which it is given the first five titles. name is that under which the data set was published. Of titles of
// one word nothing could be left out, and they are not asked for. An answer counts if its words are those of the data set,
// articles and a year at the end aside.
func Probe(ctx context.Context, chat llm.Client, name string, train *data.Train, n int, seed uint64) (Contamination, error) {
	var out Contamination
	titles := train.ItemText.Values("title")
	if titles == nil {
		return out, fmt.Errorf("probe: the items of %s have no title", name)
	}
	p := prober{chat: chat, name: name, seed: seed}
	for _, i := range p.sample(train.NumItems, streamItems) {
		if out.Items.Asked == n {
			break
		}
		words := strings.Fields(clean.Text(titles[i], probeLimit))
		half := len(words) / 2
		if half == 0 || normal(strings.Join(words[half:], " ")) == "" {
			continue
		}
		beginning := strings.Join(words[:half], " ")
		answer, err := p.ask(ctx, fmt.Sprintf("The file of items has a row for each, with its id and its title. One of them begins so:\n%s | %s\nWhat is the whole title? Answer with the title alone.", train.Items.Raw(int32(i)), beginning))
		if err != nil {
			return out, err
		}
		out.Items.count(answer, titles[i], strings.Join(words[half:], " "))
	}
	histories := histories(train)
	for _, u := range p.sample(len(histories), streamHistories) {
		h := histories[u]
		if out.Histories.Asked == n {
			break
		}
		if len(h) <= probeHistory || normal(titles[h[probeHistory]]) == "" {
			continue
		}
		var list strings.Builder
		for k, i := range h[:probeHistory] {
			fmt.Fprintf(&list, "%d. %s\n", k+1, clean.Text(titles[i], probeLimit))
		}
		answer, err := p.ask(ctx, fmt.Sprintf("The first items of the user with id %s are, in the order of their times:\n%sWhich item of that user comes next? Answer with its title alone.", train.Users.Raw(int32(u)), &list))
		if err != nil {
			return out, err
		}
		out.Histories.count(answer, titles[h[probeHistory]])
	}
	return out, nil
}

// Streams of random numbers of a probe.
const (
	streamItems = iota + 101
	streamHistories
)

type prober struct {
	chat llm.Client
	name string
	seed uint64
}

func (p prober) sample(n int, stream uint64) []int {
	return rand.New(rand.NewPCG(p.seed, stream)).Perm(n)
}

func (p prober) ask(ctx context.Context, question string) (string, error) {
	r, err := p.chat.Generate(ctx, llm.Request{
		Messages:  []llm.Message{{Role: llm.User, Content: fmt.Sprintf("This is about the public data set %s.\n%s", p.name, question)}},
		MaxTokens: probeTokens, Seed: int64(p.seed),
	})
	if err != nil {
		return "", fmt.Errorf("probe: %w", err)
	}
	line, _, _ := strings.Cut(strings.TrimSpace(r.Text), "\n")
	return line[strings.LastIndex(line, "|")+1:], nil // a row is repeated as a whole, now and then
}

// histories are the users' training items, oldest first.
func histories(train *data.Train) [][]int32 {
	out := make([][]int32, train.NumUsers)
	for n, u := range train.Inter.User { // in canonical order
		out[u] = append(out[u], train.Inter.Item[n])
	}
	return out
}

func (r *Recited) count(answer string, right ...string) {
	r.Asked++
	if slices.ContainsFunc(right, func(s string) bool { return normal(s) == normal(answer) }) {
		r.Completed++
	}
}

// normal is a title's words in small letters, without articles, wherever these stand, and without a year at its end.
func normal(title string) string {
	words := strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
	if n := len(words); n > 1 && len(words[n-1]) == 4 && strings.HasSuffix(strings.TrimSpace(title), "("+words[n-1]+")") && strings.Trim(words[n-1], "0123456789") == "" {
		words = words[:n-1]
	}
	words = slices.DeleteFunc(words, func(w string) bool { return w == "the" || w == "a" || w == "an" })
	return strings.Join(words, " ")
}
