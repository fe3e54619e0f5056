package gate

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"llm4rec/llm"
)

type amount struct {
	tokens  int
	dollars float64
}

func (a amount) plus(b amount) amount  { return amount{a.tokens + b.tokens, a.dollars + b.dollars} }
func (a amount) minus(b amount) amount { return amount{a.tokens - b.tokens, a.dollars - b.dollars} }

// Budget is what may be spent, by all gates together that have it.
//
// Before a call its cost is reserved as estimated, and after it replaced by the true one. So calls at the same time spend more
// than there is only by as much as each was estimated too low. A call for which what is left may do, once the others have
// ended, waits for them: what a budget pays for does not depend on how many calls are made at a time, as far as their order
// does not.
type Budget struct {
	limit amount

	mu        sync.Mutex
	spent     amount
	reserved  amount
	holders   int // of reservations
	exhausted bool
	changed   chan struct{} // closed at the next change
}

// NewBudget makes a budget of tokens, prompts' and answers' together, and of dollars. 0 is no limit.
func NewBudget(tokens int, dollars float64) *Budget {
	return &Budget{limit: amount{tokens, dollars}, changed: make(chan struct{})}
}

// Spent is what calls have cost that have ended.
func (b *Budget) Spent() (tokens int, dollars float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.spent.tokens, b.spent.dollars
}

// Exhausted says that a budget does not pay for another call. After the first such call it pays for none, however cheap.
type Exhausted struct {
	SpentTokens, LimitTokens   int
	SpentDollars, LimitDollars float64 // a limit of 0 is none
}

func (e *Exhausted) Error() string {
	var spent []string
	if e.LimitTokens > 0 {
		spent = append(spent, fmt.Sprintf("%d of %d tokens", e.SpentTokens, e.LimitTokens))
	}
	if e.LimitDollars > 0 {
		spent = append(spent, fmt.Sprintf("$%.4f of $%.4f", e.SpentDollars, e.LimitDollars))
	}
	return fmt.Sprintf("gate: the budget does not pay for another call: %s are spent", strings.Join(spent, " and "))
}

// Unwrap says it to those who know no budgets.
func (e *Exhausted) Unwrap() error {
	return &llm.Error{Kind: llm.Spent, Message: "the budget is spent"}
}

func (b *Budget) pays(a amount) bool {
	return (b.limit.tokens == 0 || a.tokens <= b.limit.tokens) && (b.limit.dollars == 0 || a.dollars <= b.limit.dollars)
}

// reserve takes what a call will cost.
func (b *Budget) reserve(ctx context.Context, a amount) error {
	if b == nil {
		return nil
	}
	for {
		wait, err := b.tryReserve(a)
		if wait == nil {
			return err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// tryReserve returns what to wait for, where it depends on others what is left.
func (b *Budget) tryReserve(a amount) (wait chan struct{}, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.exhausted || !b.pays(b.spent.plus(a)):
		b.exhausted = true
		b.tell()
		return nil, &Exhausted{b.spent.tokens, b.limit.tokens, b.spent.dollars, b.limit.dollars}
	case b.pays(b.spent.plus(b.reserved).plus(a)):
		b.reserved = b.reserved.plus(a)
		b.holders++
		return nil, nil
	default:
		return b.changed, nil
	}
}

// settle replaces a reservation by what was spent.
func (b *Budget) settle(reserved, spent amount) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent = b.spent.plus(spent)
	b.reserved = b.reserved.minus(reserved)
	if b.holders--; b.holders == 0 {
		b.reserved = amount{} // sums and differences of dollars leave a rest, for which the next call would wait
	}
	b.tell()
}

func (b *Budget) tell() {
	close(b.changed)
	b.changed = make(chan struct{})
}
