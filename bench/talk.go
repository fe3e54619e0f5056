package bench

import (
	"context"
	"fmt"
	"slices"
	"time"

	"llm4rec/results"
)

// talk takes one cell through conversations with simulated users. It ranks nothing: what there is to measure are the
// conversations.
func (e *experiment) talk(ctx context.Context, c Cell, rec *results.Record) (ranks []results.Ranking, err error) {
	defer recovered(&err)
	e.Progress.Stage(c.Name(), "talk", 0, 0, "")
	t := &rec.Timing
	t.Workers, t.PeakMemory = e.workers(), -1
	used := e.meter.Begin()
	wall, cpu := time.Now(), results.CPUTime()
	w := Wanted{Train: e.split.Train, Queries: e.asked.queries, Users: e.asked.users}
	if w.Targets, err = targets(e.asked); err != nil {
		return nil, err
	}
	found, list, err := c.Bound.Talker(Env{Seed: c.Seed, Dataset: e.dataset.Name, Device: e.Device}).Talk(ctx, w, func(done, total int, note string) {
		e.Progress.Stage(c.Name(), "talk", done, total, note)
	})
	t.RecommendWall, t.RecommendCPU = time.Since(wall).Seconds(), (results.CPUTime() - cpu).Seconds()
	recommendUsed(rec, used, 0)
	if err != nil {
		return nil, err
	}
	rec.Dialogue = &found
	if err := turned(found.Agent, found.Replaced[failedCall], c.System.Tolerate); err != nil {
		return nil, err
	}
	t.QueriesPerSecond = unknown
	t.LatencyP50, t.LatencyP95, t.LatencyP99, t.LatencyQueries = found.Agent.TurnP50, found.Agent.TurnP95, unknown, found.Agent.Turns
	rec.Unpublish = append(rec.Unpublish, doubtsOf(found.Agent)...)
	if x := found.User; x != nil && x.Test {
		rec.Unpublish = append(rec.Unpublish, x.Model+" is a model made for tests")
	}
	slices.Sort(rec.Unpublish)
	rec.Unpublish = slices.Compact(rec.Unpublish)
	if found.List, err = e.store.PutTalks(rec.Identity.ID(), list); err != nil {
		return nil, err
	}
	return nil, nil
}

// holdOutOne are the splits whose users may want one item. Of several, what a user says of one would speak against the others.
var holdOutOne = []string{"leave-one-out", "given"}

// wanted says what is wrong with a protocol under which users are to want something.
func (p Protocol) wanted() error {
	if slices.Contains(holdOutOne, p.Method) {
		return nil
	}
	return fmt.Errorf("a simulated user wants the one item that is held out, and split %s may hold out several: want split leave-one-out", p.Method)
}

// targets are what users want. A split that is given may turn out to hold out several items.
func targets(asked questions) ([]int32, error) {
	out := make([]int32, len(asked.relevant))
	for n, items := range asked.relevant {
		if len(items) != 1 {
			return nil, fmt.Errorf("user %s: %d items are held out, and a simulated user wants one: want split leave-one-out", asked.users[n], len(items))
		}
		out[n] = items[0]
	}
	return out, nil
}

// What failed calls are called, of agents' turns and of simulated users' utterances.
const (
	callFailed = "call-failed"
	failedCall = "failed call"
)

// turned is the error of too many turns that ended because a call failed. What was answered is recorded.
func turned(a results.Agent, utterances int, tolerate float64) error {
	failed := a.Ends[callFailed] + utterances
	if failed == 0 || float64(failed) <= tolerate*float64(a.Turns) {
		return nil
	}
	return fmt.Errorf("agent: %d of %d turns have no answer of a model (ends: %s), the others' answers are kept and the same command asks for the rest", failed, a.Turns, counts(a.Ends))
}

// doubtsOf an agent are why its row must not be published.
func doubtsOf(a results.Agent) []string {
	var out []string
	for _, x := range []*results.Account{a.Account, a.Critic} {
		if x != nil && x.Test {
			out = append(out, x.Model+" is a model made for tests")
		}
	}
	return out
}
