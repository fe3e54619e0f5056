package gate_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.uber.org/goleak"

	"llm4rec/llm"
	"llm4rec/llm/gate"
	"llm4rec/llm/price"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server answers as it is told, and knows how many calls it has had at a time.
type server struct {
	generate func(ctx context.Context, call int) (llm.Response, error)

	calls, inFlight, highest atomic.Int64
}

func (s *server) Identity(context.Context) (llm.Identity, error) {
	return llm.Identity{Provider: "fake", Model: "m"}, nil
}

func (s *server) Generate(ctx context.Context, _ llm.Request) (llm.Response, error) {
	n := s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	for {
		if have := s.highest.Load(); have >= n || s.highest.CompareAndSwap(have, n) {
			break
		}
	}
	return s.generate(ctx, int(s.calls.Add(1)))
}

// fine is a server that answers after a while.
func fine(after time.Duration) *server {
	return &server{generate: func(context.Context, int) (llm.Response, error) {
		time.Sleep(after)
		return llm.Response{Text: "yes", Finish: llm.Stop, PromptTokens: 10, OutputTokens: 5}, nil
	}}
}

// fails is a server whose calls end so, the first ones first; then it is fine.
func fails(errs ...error) *server {
	s := fine(0)
	well := s.generate
	s.generate = func(ctx context.Context, call int) (llm.Response, error) {
		if call <= len(errs) && errs[call-1] != nil {
			return llm.Response{}, errs[call-1]
		}
		return well(ctx, call)
	}
	return s
}

var atOnce = llm.Retry{Backoff: func() backoff.BackOff { return &backoff.ZeroBackOff{} }}

func open(t testing.TB, s *server, c gate.Config) *gate.Gate {
	t.Helper()
	c.Log = slog.New(slog.DiscardHandler)
	if c.Retry.Backoff == nil {
		c.Retry = atOnce
	}
	g, err := gate.New(s, c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

var request = llm.Request{Messages: []llm.Message{{Role: llm.User, Content: "is it thirty bytes long?"}}, MaxTokens: 5}

// together makes so many calls from so many goroutines, and returns their errors.
func together(ctx context.Context, chat llm.Client, workers, calls int) (errs []error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	todo := make(chan struct{})
	for range workers {
		all.Go(func() {
			for range todo {
				if _, err := chat.Generate(ctx, request); err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
				}
			}
		})
	}
	for range calls {
		todo <- struct{}{}
	}
	close(todo)
	all.Wait()
	return errs
}

func TestParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fine(time.Second)
		g := open(t, s, gate.Config{Parallel: 3})
		if errs := together(t.Context(), g, 10, 30); errs != nil {
			t.Error(errs)
		}
		r := g.Report()
		if s.highest.Load() != 3 || r.Highest != 3 || r.Calls != 30 || r.Tries != 30 || r.Live != 10 {
			t.Errorf("%d at a time, %+v", s.highest.Load(), r)
		}
	})
}

func TestRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &llm.Error{Kind: llm.RateLimited, RetryAfter: 20 * time.Second}
		s := fails(&llm.Error{Kind: llm.Server}, &llm.Error{Kind: llm.Unavailable}, slow, &llm.Error{Kind: llm.Garbage}, nil, &llm.Error{Kind: llm.Refused})
		notified := 0
		retry := atOnce
		retry.Notify = func(*llm.Error, time.Duration) { notified++ }
		g := open(t, s, gate.Config{Parallel: 1, Retry: retry})
		begin := time.Now()
		if resp, err := g.Generate(t.Context(), request); err != nil || resp.Text != "yes" || resp.Recorded {
			t.Errorf("%+v, %v", resp, err)
		}
		if took := time.Since(begin); took != 20*time.Second {
			t.Errorf("it took %v", took)
		}
		if _, err := g.Generate(t.Context(), request); err == nil {
			t.Error("a refused request is an answer")
		}
		r := g.Report()
		if r.Calls != 2 || r.Tries != 6 || notified != 4 || fmt.Sprint(r.Failures) != "map[refused:1]" ||
			fmt.Sprint(r.Retries) != "map[garbage:1 rate limited:1 server error:1 unavailable:1]" {
			t.Errorf("%+v", r)
		}
	})
}

// A call that takes too long is tried again, for as long as that is allowed.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{generate: func(ctx context.Context, call int) (llm.Response, error) {
			if call == 1 {
				<-ctx.Done()
				return llm.Response{}, &llm.Error{Kind: llm.Timeout, Err: ctx.Err()}
			}
			return llm.Response{}, nil
		}}
		retry := atOnce
		retry.Timeout = time.Minute
		g := open(t, s, gate.Config{Parallel: 1, Retry: retry})
		if _, err := g.Generate(t.Context(), request); err != nil || g.Report().Retries[llm.Timeout] != 1 {
			t.Errorf("%v, %+v", err, g.Report())
		}
	})
}

func TestReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{generate: func(_ context.Context, call int) (llm.Response, error) {
			time.Sleep(time.Duration(call) * time.Second)
			return llm.Response{PromptTokens: 100, CachedTokens: 40, OutputTokens: 10, Load: time.Second, Decode: 2 * time.Second,
				FirstToken: time.Duration(call) * time.Millisecond}, nil
		}}
		g := open(t, s, gate.Config{Parallel: 1, Price: &price.Price{Prompt: 10, Cached: 5, Output: 20}})
		together(t.Context(), g, 1, 20)
		r := g.Report()
		want := gate.Report{Calls: 20, Tries: 20, PromptTokens: 2000, CachedTokens: 800, OutputTokens: 200, Dollars: (1200*10 + 800*5 + 200*20) / 1e6,
			LatencyP50: 10, LatencyP95: 19, FirstTokenP50: 0.01, FirstTokenP95: 0.019, Load: 20, TokensPerSecond: 5, Highest: 1, Parallel: 1, Live: 210}
		if math.Abs(r.Dollars-want.Dollars) > 1e-12 {
			t.Errorf("$%v, want %v", r.Dollars, want.Dollars)
		}
		r.Dollars = want.Dollars
		if fmt.Sprintf("%+v", r) != fmt.Sprintf("%+v", want) {
			t.Errorf("got %+v\nwant %+v", r, want)
		}
	})
	if r := open(t, fine(0), gate.Config{}).Report(); r.Dollars != -1 {
		t.Errorf("without a price: $%v", r.Dollars)
	}
}

func TestDead(t *testing.T) {
	down := &llm.Error{Kind: llm.Unavailable, Provider: "fake"}
	once := func() gate.Config {
		retry := atOnce
		retry.Tries = 1
		return gate.Config{Parallel: 1, Retry: retry}
	}
	for _, test := range []struct {
		name string
		errs []error
		dead int // after so many calls; 0: never
	}{
		{"three in a row", []error{down, down, down}, 3},
		{"one was fine", []error{down, down, nil, down, down}, 0},
		{"one was refused", []error{down, down, &llm.Error{Kind: llm.Refused}, down, down}, 0},
		{"no key", []error{nil, &llm.Error{Kind: llm.Denied}}, 2},
		{"no model", []error{&llm.Error{Kind: llm.NotFound}}, 1},
	} {
		s := fails(test.errs...)
		g := open(t, s, once())
		for range len(test.errs) {
			_, _ = g.Generate(t.Context(), request)
		}
		_, err := g.Generate(t.Context(), request)
		failed := (*llm.Error)(nil)
		if dead := errors.As(err, &failed); dead != (test.dead > 0) || dead && (int(s.calls.Load()) != test.dead || g.Report().Untried != 1 || !strings.Contains(err.Error(), "not asked any more")) {
			t.Errorf("%s: %v after %d calls, %+v", test.name, err, s.calls.Load(), g.Report())
		}
	}
}

// Nobody spends more than there is, however many ask.
func TestBudget(t *testing.T) {
	s := fine(time.Millisecond) // 15 tokens a call
	budget := gate.NewBudget(15*100+7, 0)
	a, b := open(t, s, gate.Config{Parallel: 64, Budget: budget}), open(t, s, gate.Config{Parallel: 64, Budget: budget})
	var all sync.WaitGroup
	var exhausted atomic.Int64
	for _, g := range []*gate.Gate{a, b} {
		all.Go(func() {
			for _, err := range together(t.Context(), g, 32, 100) {
				spent, failed := (*gate.Exhausted)(nil), (*llm.Error)(nil)
				if !errors.As(err, &spent) || spent.LimitTokens != 1507 || !errors.As(err, &failed) || failed.Kind != llm.Spent {
					t.Errorf("got %v", err)
				}
				exhausted.Add(1)
			}
		})
	}
	all.Wait()
	tokens, _ := budget.Spent()
	if answered := a.Report().Calls + b.Report().Calls; answered != int(s.calls.Load()) || tokens != 15*answered || tokens > 1507 || tokens < 1400 || int(exhausted.Load()) != 200-answered {
		t.Errorf("%d tokens, %d answers, %d without", tokens, answered, exhausted.Load())
	}
	if _, err := a.Generate(t.Context(), request); err == nil || !strings.Contains(err.Error(), "of 1507 tokens") {
		t.Errorf("got %v", err)
	}
}

// Where estimates are too low, the calls in flight are all that can be too much.
func TestOvershoot(t *testing.T) {
	s := &server{generate: func(context.Context, int) (llm.Response, error) {
		time.Sleep(time.Millisecond)
		return llm.Response{PromptTokens: 10, OutputTokens: 1000}, nil
	}}
	budget := gate.NewBudget(20_000, 0)
	together(t.Context(), open(t, s, gate.Config{Parallel: 8, Budget: budget}), 64, 200)
	if tokens, _ := budget.Spent(); tokens > 20_000+8*1010 || tokens < 19_000 {
		t.Errorf("%d tokens", tokens)
	}
}

func TestDollars(t *testing.T) {
	p := &price.Price{Prompt: 1e6 / 10, Cached: 1e6 / 10, Output: 1e6 / 5} // $1 for each, so $2 a call
	budget := gate.NewBudget(0, 21)
	g := open(t, fine(0), gate.Config{Parallel: 4, Price: p, Budget: budget})
	errs := together(t.Context(), g, 16, 30)
	if _, dollars := budget.Spent(); dollars > 21+1e-9 || dollars < 17 || len(errs) == 0 || math.Abs(g.Report().Dollars-dollars) > 1e-9 {
		t.Errorf("$%v, %d errors", dollars, len(errs))
	}
	if _, err := gate.New(fine(0), gate.Config{Budget: budget}); err == nil {
		t.Error("dollars are counted without a price")
	}
	// What may have been billed counts.
	budget = gate.NewBudget(1000, 0)
	g = open(t, fails(&llm.Error{Kind: llm.Garbage}), gate.Config{Parallel: 1, Budget: budget})
	if _, err := g.Generate(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	if tokens, _ := budget.Spent(); tokens <= 15 {
		t.Errorf("%d tokens", tokens)
	}
}

func TestLimits(t *testing.T) {
	for _, test := range []struct {
		name   string
		config gate.Config
		least  time.Duration // that 60 calls of 15 tokens take
		most   time.Duration
	}{
		{"none", gate.Config{}, 0, 0},
		{"requests", gate.Config{RequestsPerMinute: 60}, 58 * time.Second, 60 * time.Second},
		{"tokens", gate.Config{TokensPerMinute: 900}, 56 * time.Second, 62 * time.Second},
		{"both", gate.Config{RequestsPerMinute: 6000, TokensPerMinute: 450}, 116 * time.Second, 123 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test.config.Parallel = 8
				g := open(t, fine(0), test.config)
				begin := time.Now()
				if errs := together(t.Context(), g, 8, 60); errs != nil {
					t.Error(errs)
				}
				if took := time.Since(begin); took < test.least || took > test.most {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

func TestCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := errors.New("the user has left")
		ctx, cancel := context.WithCancelCause(t.Context())
		g := open(t, fine(time.Hour), gate.Config{Parallel: 2, Retry: llm.Retry{Timeout: 2 * time.Hour, Backoff: atOnce.Backoff}})
		var all sync.WaitGroup
		all.Go(func() {
			for _, err := range together(ctx, g, 8, 8) {
				if !errors.Is(err, left) {
					t.Errorf("got %v", err)
				}
			}
		})
		time.Sleep(time.Minute)
		cancel(left)
		all.Wait()
		if r := g.Report(); r.Untried != 6 || r.Failures != nil {
			t.Errorf("%+v", r)
		}
		if _, err := g.Generate(t.Context(), request); err != nil { // the places were given back
			t.Error(err)
		}
	})
}

// A server that works on eight calls at a time, and the others wait, is asked eight at a time.
func TestMeasured(t *testing.T) {
	for _, test := range []struct{ places, most, callers, want int }{{1, 0, 128, 1}, {8, 0, 128, 8}, {1000, 0, 200, 64}, {1000, 16, 128, 16}, {1000, 0, 1, 2}} {
		t.Run(fmt.Sprintf("%d places, %d callers", test.places, test.callers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				places := make(chan struct{}, test.places)
				s := &server{generate: func(_ context.Context, call int) (llm.Response, error) {
					places <- struct{}{}
					defer func() { <-places }()
					if call == 1 {
						time.Sleep(time.Minute) // the model is loaded
					}
					tokens := 50 + call*37%100
					time.Sleep(time.Duration(tokens) * time.Millisecond)
					return llm.Response{PromptTokens: 1, OutputTokens: tokens}, nil
				}}
				g := open(t, s, gate.Config{Most: test.most})
				if errs := together(t.Context(), g, test.callers, 1000); errs != nil {
					t.Error(errs)
				}
				if g.Report().Parallel != test.want {
					t.Errorf("%d at a time, want %d", g.Report().Parallel, test.want)
				}
			})
		})
	}
}

// One that fails calls when it has too many is asked fewer.
func TestMeasuredStrained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		s.generate = func(context.Context, int) (llm.Response, error) {
			if s.inFlight.Load() > 8 {
				return llm.Response{}, &llm.Error{Kind: llm.RateLimited, RetryAfter: time.Second}
			}
			time.Sleep(time.Second)
			return llm.Response{PromptTokens: 1, OutputTokens: 50}, nil
		}
		g := open(t, s, gate.Config{})
		if errs := together(t.Context(), g, 64, 500); errs != nil || g.Report().Parallel != 8 {
			t.Errorf("%v, %+v", errs, g.Report())
		}
	})
}
