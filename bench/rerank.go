package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"llm4rec/eval"
	"llm4rec/llm"
	"llm4rec/models"
	"llm4rec/results"
)

var primary = func() eval.Metric {
	m, err := eval.Parse("ndcg@10")
	if err != nil {
		panic(err)
	}
	return m
}()

// Abilities of a ranker beyond ranking.
type (
	// seer looks at the first candidates alone.
	seer interface{ Sees() int }
	// accountant knows what its model did.
	accountant interface{ Account() results.LLM }
	// crowd wants several users' questions at a time.
	crowd interface{ Crowd() int }
)

// rerank takes one cell through prepare, rank and score: its candidates are the stored answers of its first stage, which is
// therefore done once for all that come after it, and needs no model where its record is at hand.
func (e *experiment) rerank(ctx context.Context, c Cell, rec *results.Record) (ranks []results.Ranking, err error) {
	defer recovered(&err)
	stage := func(name string) models.Progress {
		e.Progress.Stage(c.Name(), name, 0, 0, "")
		return func(done, total int, note string) { e.Progress.Stage(c.Name(), name, done, total, note) }
	}
	lists, _, err := e.firstStage(*c.First)
	if err != nil {
		return nil, err
	}
	t := &rec.Timing
	t.Workers, t.PeakMemory = e.workers(), -1

	stage("prepare")
	used := e.meter.Begin()
	wall, cpu := time.Now(), results.CPUTime()
	ranker, err := c.Bound.Preparer(Env{Seed: c.Seed, Dataset: e.dataset.Name, Device: e.Device}).Prepare(ctx, e.split.Train)
	t.FitWall, t.FitCPU = time.Since(wall).Seconds(), (results.CPUTime() - cpu).Seconds()
	fitUsed(rec, used)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}

	progress := stage("rank")
	used = e.meter.Begin()
	wall, cpu = time.Now(), results.CPUTime()
	r := reranking{ranker: ranker, queries: e.asked.queries, lists: lists, failures: map[string]int{}}
	if c.System.Informative {
		r.skip = func(n int) bool { return !among(e.asked.relevant[n], lists[n], sees(ranker)) }
	}
	if err := r.all(ctx, progress); err != nil {
		return nil, err
	}
	t.RecommendWall, t.RecommendCPU = time.Since(wall).Seconds(), (results.CPUTime() - cpu).Seconds()
	recommendUsed(rec, used, r.asked)
	t.QueriesPerSecond = float64(r.asked) / t.RecommendWall
	rec.Warnings = warnings(ranker)
	if e.Replay && e.fitted(*c.First) {
		rec.Warnings = append(rec.Warnings, fmt.Sprintf("the answers of the model are recorded ones, and those of the first stage, %s, were computed in this run: on another CPU its candidates may be others", c.First.System.Name))
	}
	if c.System.Informative {
		times := "nothing was asked, so what all would cost is not known"
		if r.asked > 0 {
			times = fmt.Sprintf("all would cost %.1f times as much", float64(len(lists))/float64(r.asked))
		}
		rec.Warnings = append(rec.Warnings, fmt.Sprintf("asked for %d of %d users, those whose accuracy can change: measures of whole lists are not those of all, and %s",
			r.asked, len(lists), times))
	}
	rec.LLM = e.account(ranker, lists, &r)
	if rec.LLM != nil {
		t.LatencyP50, t.LatencyP95, t.LatencyP99, t.LatencyQueries = rec.LLM.LatencyP50, rec.LLM.LatencyP95, unknown, r.asked
		if rec.LLM.Recorded > 0 {
			t.QueriesPerSecond = unknown // neither that of the recording nor of a model
		}
		if r.asked == 0 {
			t.LatencyP50, t.LatencyP95, t.QueriesPerSecond = unknown, unknown, unknown
		}
		rec.Unpublish = append(rec.Unpublish, doubts(*rec.LLM)...)
	}
	if err := r.verdict(c.System.Tolerate); err != nil {
		return nil, err
	}

	stage("score")
	wall = time.Now()
	ranks, rec.Metrics = e.scored(r.out)
	t.ScoreWall = time.Since(wall).Seconds()
	return ranks, nil
}

// firstStage is the stored answers of a cell, in the order of the questions, with its record.
func (e *experiment) firstStage(c Cell) ([][]models.Scored, results.Record, error) {
	lists, rec, err := e.stored(c)
	if err != nil || lists != nil {
		return lists, rec, err
	}
	id, err := e.identity(c)
	if err != nil {
		return nil, rec, err
	}
	missing := &Unanswered{c.System.Name}
	if last, known := e.last[id.ID()]; known && last.Status == results.Unavailable {
		return nil, rec, &models.Unavailable{Err: missing, Remedy: last.Error}
	}
	return nil, rec, missing
}

// stored is what a cell answered, in the order of the questions, with its record; nil where it has not been run.
func (e *experiment) stored(c Cell) ([][]models.Scored, results.Record, error) {
	id, err := e.identity(c)
	if err != nil {
		return nil, results.Record{}, err
	}
	rec, done, err := e.store.Done(id.ID())
	if err != nil || !done {
		return nil, rec, err
	}
	ranks, err := e.store.Ranks(rec)
	if err != nil {
		return nil, rec, err
	}
	if len(ranks) != len(e.asked.queries) {
		return nil, rec, fmt.Errorf("%s answered %d users, want %d", c.System.Name, len(ranks), len(e.asked.queries))
	}
	lists := make([][]models.Scored, len(ranks))
	for n, x := range ranks {
		if x.User != e.asked.users[n] {
			return nil, rec, fmt.Errorf("%s answered user %s where %s is asked for", c.System.Name, x.User, e.asked.users[n])
		}
		lists[n] = scoredItems(x)
	}
	return lists, rec, nil
}

// scoredItems are stored answers as a ranker gets them.
func scoredItems(x results.Ranking) []models.Scored {
	out := make([]models.Scored, len(x.Items))
	for k, item := range x.Items {
		out[k] = models.Scored{Item: item, Score: x.Scores[k]}
	}
	return out
}

// unknown is how a record writes a time that was not measured.
const unknown = -1

// fitted tells whether a cell was run just now.
func (e *experiment) fitted(c Cell) bool {
	id, err := e.identity(c)
	_, now := e.last[id.ID()]
	return err == nil && now
}

// reranking asks a ranker for all users. A question that fails keeps its order, and is counted.
type reranking struct {
	ranker  models.Ranker
	queries []models.Query
	lists   [][]models.Scored
	skip    func(n int) bool // keeps the order unasked; nil: of nobody

	out      [][]models.Scored
	asked    int
	mu       sync.Mutex
	failures map[string]int
	first    error // failure
}

func (r *reranking) all(ctx context.Context, progress models.Progress) error {
	r.out = make([][]models.Scored, len(r.lists))
	var todo []int
	for n := range r.lists {
		if len(r.lists[n]) == 0 || r.skip != nil && r.skip(n) {
			r.out[n] = inOrder(r.lists[n])
		} else {
			todo = append(todo, n)
		}
	}
	r.asked = len(todo)
	parallel := 1
	if c, ok := r.ranker.(crowd); ok {
		parallel = max(1, c.Crowd())
	}
	next, done := make(chan int), 0
	var workers sync.WaitGroup
	var broken error // of the ranker's contract
	for range parallel {
		workers.Go(func() {
			for n := range next {
				err := r.one(ctx, n)
				r.mu.Lock()
				broken = errors.Join(broken, err)
				done++
				progress(done, len(todo), r.note())
				r.mu.Unlock()
			}
		})
	}
	for _, n := range todo {
		if ctx.Err() != nil {
			break
		}
		next <- n
	}
	close(next)
	workers.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return broken
}

// one asks for one user.
func (r *reranking) one(ctx context.Context, n int) (err error) {
	defer recovered(&err)
	list, err := r.ranker.Rank(ctx, r.queries[n], r.lists[n])
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.failures[reason(err)]++
		if r.first == nil {
			r.first = err
		}
		r.out[n] = inOrder(r.lists[n])
		return nil
	}
	if err := permutation(list, r.lists[n]); err != nil {
		return fmt.Errorf("rank: user %d: %w", r.queries[n].User, err)
	}
	r.out[n] = inOrder(list)
	return nil
}

// note is what there is to say while it goes on.
func (r *reranking) note() string {
	if len(r.failures) == 0 {
		return ""
	}
	return "failed: " + counts(r.failures)
}

func (r *reranking) failed() int {
	sum := 0
	for _, n := range r.failures {
		sum += n
	}
	return sum
}

// verdict is the error of too many failures. What was answered is recorded, where the model's calls are.
func (r *reranking) verdict(tolerate float64) error {
	failed := r.failed()
	if failed == 0 || float64(failed) <= tolerate*float64(r.asked) {
		return nil
	}
	err := fmt.Errorf("rank: %d of %d users have no answer (%s), the others' answers are kept and the same command asks for the rest; first: %w",
		failed, r.asked, counts(r.failures), r.first)
	if failed < r.asked {
		var missing *models.Unavailable
		if errors.As(err, &missing) { // it was there before
			return errors.New(err.Error())
		}
	}
	return err
}

func reason(err error) string {
	if failed := (*llm.Error)(nil); errors.As(err, &failed) {
		return string(failed.Kind)
	}
	return "not asked"
}

// counts writes them in one order.
func counts(m map[string]int) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, fmt.Sprintf("%s %d", k, m[k]))
	}
	return strings.Join(out, ", ")
}

// inOrder gives a list scores that say its order and nothing else: those of a first stage and of a model do not compare.
func inOrder(list []models.Scored) []models.Scored {
	out := slices.Clone(list)
	for n := range out {
		out[n].Score = float32(len(out) - n)
	}
	return out
}

// permutation holds a ranker to its contract, without which recall at the length of the list would change.
func permutation(list, candidates []models.Scored) error {
	left := make(map[int32]bool, len(candidates))
	for _, x := range candidates {
		left[x.Item] = true
	}
	for _, x := range list {
		if !left[x.Item] {
			return fmt.Errorf("item %d is no candidate, or stands twice", x.Item)
		}
		delete(left, x.Item)
	}
	if len(left) > 0 {
		return fmt.Errorf("%d candidates are missing", len(left))
	}
	return nil
}

func sees(r models.Ranker) int {
	if s, ok := r.(seer); ok {
		return s.Sees()
	}
	return 1 << 30
}

// among tells whether a relevant item is among the first of a list.
func among(relevant []int32, list []models.Scored, first int) bool {
	return slices.ContainsFunc(list[:min(first, len(list))], func(x models.Scored) bool { return slices.Contains(relevant, x.Item) })
}

// account is what the model did, with what only the harness knows: where the relevant items are.
func (e *experiment) account(ranker models.Ranker, lists [][]models.Scored, r *reranking) *results.LLM {
	a, ok := ranker.(accountant)
	if !ok {
		return nil
	}
	out := a.Account()
	out.Asked, out.Failures, out.Candidates, out.Injected = r.asked, r.failures, sees(ranker), e.asked.injected
	found := 0.0
	for n, list := range lists {
		hits := 0
		for _, x := range list[:min(out.Candidates, len(list))] {
			if slices.Contains(e.asked.relevant[n], x.Item) {
				hits++
			}
		}
		if hits > 0 {
			out.Informative++
		}
		found += float64(hits) / float64(len(e.asked.relevant[n]))
	}
	out.Ceiling = found / float64(len(lists))
	longest := 0
	for _, list := range lists {
		longest = max(longest, len(list))
	}
	out.Candidates = min(out.Candidates, longest)
	out.Before, out.After = e.conditional(lists, out.Candidates), e.conditional(r.out, out.Candidates)
	return &out
}

// conditional is the mean NDCG@10 of the users with a relevant item among the first candidates: the order among those does not
// change who they are.
func (e *experiment) conditional(lists [][]models.Scored, candidates int) float64 {
	sum, users := 0.0, 0
	for n, list := range lists {
		if !among(e.asked.relevant[n], list, candidates) {
			continue
		}
		ids := make([]int32, len(list))
		for k, x := range list {
			ids[k] = x.Item
		}
		sum += primary.User(ids, e.asked.relevant[n], e.catalogue)
		users++
	}
	return sum / float64(max(1, users))
}

// doubts are why a language model's row must not be published.
func doubts(a results.LLM) []string {
	var out []string
	if a.Test {
		out = append(out, a.Model+" is a model made for tests")
	}
	if a.Attack != nil {
		out = append(out, "attack: "+a.Attack.Payload)
	}
	return out
}
