// Package gather fills a store of memories with what sources know of the items of a data set.
package gather

import (
	"context"
	"fmt"
	"time"

	"llm4rec/data"
	"llm4rec/llm/memory"
)

// Source knows something about items.
type Source interface {
	Name() string
	// Find says what it knows of the item with a dense id. An error ends the filling: what fails for one item is an outcome,
	// or no outcome where asking again may help.
	Find(ctx context.Context, item int32) (Finding, error)
}

// Finding is what a source says of one item. Of the values, field, text, licence and day count.
type Finding struct {
	Outcome memory.Outcome // "": it could not be asked; what it said before stays, and Detail is the reason
	Detail  string
	Values  []memory.Value
}

// Report counts the items by what became of them.
type Report struct {
	Source   string
	Outcomes map[memory.Outcome]int
	Unasked  map[string]int // by reason
}

const (
	batch = 256         // entries in one transaction,
	pause = time.Second // or what came in that time
)

// Fill asks a source about all items, in the catalogue's order. What it said before of an item that it still knows is kept if
// it is the same. An interrupted filling goes on by the same call.
func Fill(ctx context.Context, store *memory.Store, d *data.Dataset, s Source) (Report, error) {
	out := Report{Source: s.Name(), Outcomes: map[memory.Outcome]int{}, Unasked: map[string]int{}}
	var waiting []memory.Entry
	flushed := time.Now()
	flush := func() error {
		// What was found is kept, also of a filling that is being interrupted.
		err := store.Put(context.WithoutCancel(ctx), waiting...)
		waiting, flushed = waiting[:0], time.Now()
		return err
	}
	for item := range int32(d.Items.Len()) {
		found, err := s.Find(ctx, item)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			if kept := flush(); kept != nil {
				return out, kept
			}
			return out, fmt.Errorf("%s: item %s: %w", s.Name(), d.Items.Raw(item), err)
		}
		if found.Outcome == "" {
			out.Unasked[found.Detail]++
			continue
		}
		out.Outcomes[found.Outcome]++
		waiting = append(waiting, memory.Entry{
			Item: d.Items.Raw(item), Source: s.Name(), Outcome: found.Outcome, Detail: found.Detail, Values: found.Values, At: time.Now(),
		})
		if len(waiting) == batch || time.Since(flushed) > pause {
			if err := flush(); err != nil {
				return out, err
			}
		}
	}
	return out, flush()
}

// found is the finding of values: a miss where there are none.
func found(values []memory.Value) Finding {
	if len(values) == 0 {
		return Finding{Outcome: memory.Missed}
	}
	return Finding{Outcome: memory.Matched, Values: values}
}
