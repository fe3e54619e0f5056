package serve

import (
	"container/list"
	"sync"
	"time"

	"llm4rec/llm/agent"
)

// session is a conversation that goes on. Who has taken it from its store has it alone.
type session struct {
	talk  agent.Conversation
	turns int
	said  digest // all of it
	shown digest // the items, which clients do not repeat
	key   digest // under which it is kept
	used  time.Time
}

// sessions keeps conversations while nothing is said in them. Two that are the same up to now, of one owner, are kept under one
// key, and each goes on by itself. Where the same was said but other items shown, neither goes on: both are opened anew.
type sessions struct {
	most int
	idle time.Duration

	mu               sync.Mutex
	kept             map[digest][]*list.Element
	order            *list.List // least recently used first
	held             map[digest]bool
	away             int // taken, or new
	opened           int
	expired, evicted int
}

func newSessions(most int, idle time.Duration) *sessions {
	return &sessions{most: most, idle: idle, kept: map[digest][]*list.Element{}, order: list.New(), held: map[digest]bool{}}
}

// hold gives one request the right to an id, until it is released.
func (s *sessions) hold(id digest) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[id] {
		return false
	}
	s.held[id] = true
	return true
}

func (s *sessions) release(id digest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.held, id)
}

// take finds a session, which nobody else finds until it is put back; nil: there is none.
func (s *sessions) take(key digest) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	same := s.kept[key]
	if len(same) == 0 {
		return nil
	}
	last := same[len(same)-1]
	for _, e := range same {
		if e.Value.(*session).shown != last.Value.(*session).shown {
			return nil // nobody knows which of them is meant
		}
	}
	s.away++
	return s.remove(last)
}

// begin counts a session that is new.
func (s *sessions) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away++
	s.opened++
}

// end forgets one that was taken.
func (s *sessions) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away--
}

// put keeps a session that was taken, or is new.
func (s *sessions) put(key digest, x *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away--
	x.key, x.used = key, time.Now()
	s.kept[key] = append(s.kept[key], s.order.PushBack(x))
	s.expire()
	for s.order.Len() > s.most {
		s.remove(s.order.Front())
		s.evicted++
	}
}

func (s *sessions) expire() {
	for limit := time.Now().Add(-s.idle); ; s.expired++ {
		oldest := s.order.Front()
		if oldest == nil || !oldest.Value.(*session).used.Before(limit) {
			return
		}
		s.remove(oldest)
	}
}

func (s *sessions) remove(e *list.Element) *session {
	x := s.order.Remove(e).(*session)
	same := s.kept[x.key]
	for n := range same {
		if same[n] == e {
			same = append(same[:n:n], same[n+1:]...)
			break
		}
	}
	if len(same) == 0 {
		delete(s.kept, x.key)
	} else {
		s.kept[x.key] = same
	}
	return x
}

// open is how many sessions there are, and what became of others.
func (s *sessions) open() (now, opened, expired, evicted int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	return s.order.Len() + s.away, s.opened, s.expired, s.evicted
}
