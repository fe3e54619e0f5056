package gate

import (
	"context"
	"slices"
	"sync"
	"time"

	"llm4rec/llm"
)

// slots are the calls that may be in flight. Who waits longest is next.
type slots struct {
	mu    sync.Mutex
	limit int
	used  int
	queue []chan struct{} // closed when its turn has come
	climb *climb          // nil: the limit stays
}

func fixed(limit int) *slots { return &slots{limit: limit} }

func measured(most int) *slots { return &slots{limit: 1, climb: newClimb(most)} }

func (s *slots) acquire(ctx context.Context) error {
	s.mu.Lock()
	if s.used < s.limit {
		s.used++
		s.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	s.queue = append(s.queue, turn)
	s.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := slices.Index(s.queue, turn); at >= 0 {
		s.queue = slices.Delete(s.queue, at, at+1)
	} else { // it had come
		s.used--
		s.admit()
	}
	return context.Cause(ctx)
}

// release gives a place back. What came of the call says how much the server gets done.
func (s *slots) release(resp llm.Response, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.climb != nil && err == nil {
		work := max(1, resp.PromptTokens-resp.CachedTokens+resp.OutputTokens)
		s.limit = s.climb.answered(time.Now(), work, s.used >= s.limit)
	}
	s.used--
	s.admit()
}

// strained says that the server failed a call.
func (s *slots) strained() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.climb != nil {
		s.limit = s.climb.failed()
	}
}

func (s *slots) admit() {
	for s.used < s.limit && len(s.queue) > 0 {
		s.used++
		close(s.queue[0])
		s.queue = s.queue[1:]
	}
}

func (s *slots) now() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limit
}

// climb finds how many calls at a time a server gets the most out of: twice as many, for as long as that is worth it. It
// measures tokens a second, since answers differ in length, and only while all places are taken.
type climb struct {
	most, level int
	done        bool
	before      float64 // what half as many got done in a second

	skip    int // answers that do not count: of calls that were begun with fewer at a time, or for which the model was loaded
	since   time.Time
	answers int
	work    int
}

// worth is by how much more has to get done for another doubling.
const worth = 1.1

func newClimb(most int) *climb { return &climb{most: most, level: 1, skip: 1} }

// answered notes an answer, and returns how many calls may be in flight from now on.
func (c *climb) answered(now time.Time, work int, full bool) int {
	switch {
	case c.done:
	case !full: // the callers are what is slow
		c.begin(now, c.skip)
	case c.skip > 0:
		c.begin(now, c.skip-1)
	default:
		c.answers++
		c.work += work
		if c.answers >= max(4, 2*c.level) {
			c.judge(now)
		}
	}
	return c.level
}

func (c *climb) begin(now time.Time, skip int) {
	c.skip, c.since, c.answers, c.work = skip, now, 0, 0
}

func (c *climb) judge(now time.Time) {
	rate := float64(c.work) / now.Sub(c.since).Seconds()
	switch {
	case c.level > 1 && rate < worth*c.before:
		c.level, c.done = c.level/2, true
	case 2*c.level > c.most:
		c.done = true
	default:
		c.before = rate
		c.begin(now, c.level)
		c.level *= 2
	}
}

// failed ends the climb where the server fails calls: that many may have been too many.
func (c *climb) failed() int {
	if !c.done {
		c.level, c.done = max(1, c.level/2), true
	}
	return c.level
}
