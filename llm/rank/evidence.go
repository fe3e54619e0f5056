package rank

import (
	"sync"

	"llm4rec/data"
)

// evidence is what the training data say of items beside their texts. A prompt that does not ask for it costs nothing. The zero
// value knows of nobody.
type evidence struct {
	takers func() *data.Matrix // items × users
}

func newEvidence(train *data.Train) *evidence {
	return &evidence{takers: sync.OnceValue(func() *data.Matrix { return train.UserItem().Transpose() })}
}

// Together says how many users have a candidate and an item of the history.
type Together struct {
	Number int // of the item in the history
	Users  int
}

func (e *evidence) row(item int32) []int32 {
	if e.takers == nil {
		return nil
	}
	users, _ := e.takers().Row(item)
	return users
}

func (e *evidence) users(item int32) int { return len(e.row(item)) }

func (e *evidence) together(item int32, history []Line) []Together {
	own := e.row(item)
	var out []Together
	for _, h := range history {
		if n := common(own, e.row(h.item)); n > 0 {
			out = append(out, Together{h.Number, n})
		}
	}
	return out
}

// common counts what two ascending lists share.
func common(a, b []int32) int {
	n := 0
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			n++
			a, b = a[1:], b[1:]
		}
	}
	return n
}
