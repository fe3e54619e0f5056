package rank

import (
	"errors"
	"math"
	"strings"

	"llm4rec/llm"
)

// alternatives of a token that are asked for: as many as OpenAI and Ollama give.
const alternatives = 20

// errNoLogprobs is the error of a server that does not say how sure its model is.
var errNoLogprobs = errors.New("pointwise: the server sent no log-probabilities with its answer")

// parseYes is log P(yes) − log P(no) at the first token of an answer that is one of them. Spellings of a word count together.
// A word that is not among the alternatives has at most what these leave, and is given that.
func parseYes(r llm.Response) (float64, Class) {
	at := -1
	for n, t := range r.Tokens {
		if word(t.Text) != "" {
			at = n
			break
		}
	}
	switch class := classify(r, true, at >= 0); {
	case class == Truncated && at >= 0: // one word was wanted
	case class != OK:
		return 0, class
	}
	t := r.Tokens[at]
	top := t.Top
	if len(top) == 0 {
		top = []llm.Alternative{{Text: t.Text, Logprob: t.Logprob}}
	}
	p, left := map[string]float64{}, 1.0
	for _, a := range top {
		x := math.Exp(a.Logprob)
		p[word(a.Text)] += x
		left -= x
	}
	left = max(left, 1e-9)
	for _, w := range []string{"yes", "no"} {
		if p[w] == 0 {
			p[w] = left
		}
	}
	return math.Log(p["yes"]) - math.Log(p["no"]), OK
}

// word is yes or no, or "" of another token. Tokens have spaces and signs around words.
func word(token string) string {
	switch w := strings.ToLower(strings.Trim(token, " \t\r\n\"'*.,▁Ġ")); w {
	case "yes", "no":
		return w
	default:
		return ""
	}
}
