package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"llm4rec/data"
	"llm4rec/eval"
	"llm4rec/models"
	"llm4rec/models/checkpoint"
	"llm4rec/results"
	"llm4rec/results/energy"
)

// experiment is one run of a plan over a loaded data set. It keeps the split and the questions of the protocol at hand,
// since the cells come in the order of protocols.
type experiment struct {
	*Runner
	plan          *Plan
	dataset       *data.Dataset
	checksum      string
	unpublishable []string
	store         *results.Store
	env           results.Environment
	meter         *energy.Meter // nil: energy is not measured

	records []results.Record          // of earlier runs
	last    map[string]results.Record // by id: the cells of this run

	current   string // the protocol that what follows belongs to
	split     *data.Split
	splitSum  string
	asked     questions
	catalogue *eval.Catalogue
}

// prepare splits the data and asks the questions of a protocol, unless that is done.
func (e *experiment) prepare(p Protocol) error {
	if e.current == p.Name {
		return nil
	}
	s, asked, err := e.Suite.asked(p, e.dataset, e.plan.Spec.Depth, e.Limit)
	if err != nil {
		return err
	}
	popularity := s.Train.Popularity()
	users := trainUsers(s.Train)
	stored := results.Catalogue{Items: make([]results.Item, len(popularity)), Users: users}
	for i, n := range popularity {
		stored.Items[i] = results.Item{Raw: e.dataset.Items.Raw(int32(i)), Train: n}
	}
	sum := s.Checksum()
	if err := e.store.PutCatalogue(sum, stored); err != nil {
		return err
	}
	for reason, n := range s.Skipped {
		asked.skipped[reason] += n
	}
	if len(asked.queries) == 0 {
		return fmt.Errorf("protocol %s leaves no user to ask (skipped: %v)", p.Name, asked.skipped)
	}
	e.current, e.split, e.splitSum, e.asked = p.Name, s, sum, asked
	e.catalogue = eval.NewCatalogue(popularity, users)
	return nil
}

// trainUsers counts the users with training interactions.
func trainUsers(t *data.Train) int {
	n := 0
	for p, u := range t.Inter.User {
		if p == 0 || u != t.Inter.User[p-1] {
			n++
		}
	}
	return n
}

// cell runs one cell and stores its record. The error is one of the run, not of the cell: the context's, or the store's.
func (e *experiment) cell(ctx context.Context, c Cell) (results.Record, error) {
	identity, err := e.identity(c)
	if err != nil {
		return results.Record{}, err
	}
	rec := results.Record{Identity: identity, Experiment: e.plan.Spec.Name, Status: results.OK, Env: e.env, Energy: e.energy(), Started: time.Now().UTC()}
	var ranks []results.Ranking
	err = e.prepare(c.Protocol)
	if err == nil {
		rec.Split, rec.Users, rec.Skipped, rec.Notes = e.splitSum, len(e.asked.queries), e.asked.skipped, e.dataset.Notes
		rec.Unpublish = slices.Concat(e.unpublishable, c.Protocol.unpublishable())
		if e.Limit > 0 {
			rec.Unpublish = append(rec.Unpublish, fmt.Sprintf("limit: at most %d users were asked", e.Limit))
		}
		switch {
		case c.Model.Explains:
			ranks, err = e.explain(ctx, c, &rec)
		case c.Model.Talks:
			ranks, err = e.talk(ctx, c, &rec)
		case c.First != nil:
			ranks, err = e.rerank(ctx, c, &rec)
		default:
			ranks, err = e.measure(ctx, c, &rec)
		}
	}
	if ctx.Err() != nil {
		return rec, ctx.Err()
	}
	replayed(&rec)
	if err != nil {
		rec.Status, rec.Error, ranks = results.Failed, err.Error(), nil
	}
	if missing := (*models.Unavailable)(nil); errors.As(err, &missing) {
		rec.Status = results.Unavailable
	}
	rec.Finished = time.Now().UTC()
	e.last[identity.ID()] = rec
	return rec, e.store.Put(rec, ranks)
}

// measure takes one cell through fit, recommend and score.
func (e *experiment) measure(ctx context.Context, c Cell, rec *results.Record) (ranks []results.Ranking, err error) {
	defer recovered(&err)
	stage := func(name string) models.Progress {
		e.Progress.Stage(c.Name(), name, 0, 0, "")
		return func(done, total int, note string) { e.Progress.Stage(c.Name(), name, done, total, note) }
	}
	// What an earlier cell left must not count as this one's memory.
	debug.FreeOSMemory()
	peakKnown := results.ResetPeakMemory() == nil
	t := &rec.Timing
	t.Workers = e.workers()

	progress := stage("fit")
	used := e.meter.Begin()
	file := Checkpoint(e.store.Dir(), rec.Identity.ID())
	fitter := c.Bound.Fitter(Env{Seed: c.Seed, Device: e.Device, Progress: progress, Checkpoint: file})
	model, err := fitter.Fit(ctx, e.split.Train)
	spent := file.Meter.Total()
	t.FitWall, t.FitCPU, t.FitEarlier = spent.Wall.Seconds(), spent.CPU.Seconds(), file.Meter.Earlier.Wall.Seconds()
	fitUsed(rec, used)
	if err != nil {
		return nil, fmt.Errorf("fit: %w", err)
	}

	if m, ok := model.(models.Curved); ok {
		for _, x := range m.Curve() {
			rec.Curve = append(rec.Curve, results.Point(x))
		}
	}

	progress = stage("recommend")
	used = e.meter.Begin()
	wall, cpu := time.Now(), results.CPUTime()
	lists, err := recommendAll(ctx, model, e.asked.queries, e.batch(), e.workers(), progress)
	t.RecommendWall, t.RecommendCPU = time.Since(wall).Seconds(), (results.CPUTime() - cpu).Seconds()
	recommendUsed(rec, used, len(lists))
	if err != nil {
		return nil, err
	}
	t.QueriesPerSecond = float64(len(lists)) / t.RecommendWall
	// Before the latency queries, which would count a model's cases a second time.
	rec.Warnings = slices.Concat(warnings(fitter), warnings(model), indifferent(lists))
	if a, ok := model.(acting); ok {
		acted := a.Acted()
		rec.Agent = &acted
		if err := turned(acted, 0, c.System.Tolerate); err != nil {
			return nil, err
		}
		t.LatencyP50, t.LatencyP95, t.LatencyP99, t.LatencyQueries = acted.TurnP50, acted.TurnP95, unknown, acted.Turns
		rec.Unpublish = append(rec.Unpublish, doubtsOf(acted)...)
		if x := acted.Account; x != nil && x.Recorded > 0 {
			t.QueriesPerSecond = unknown
		}
	} else {
		alone, err := latencies(ctx, model, e.asked.queries)
		if err != nil {
			return nil, err
		}
		t.LatencyP50, t.LatencyP95, t.LatencyP99, t.LatencyQueries = quantile(alone, .5), quantile(alone, .95), quantile(alone, .99), len(alone)
	}

	stage("score")
	wall = time.Now()
	ranks, rec.Metrics = e.scored(lists)
	t.ScoreWall = time.Since(wall).Seconds()
	t.PeakMemory = -1
	if peakKnown {
		t.PeakMemory = results.PeakMemory()
	}
	return ranks, nil
}

// acting is a Recommender that knows what it did, turn by turn: asking it once more would cost, and its own times are known.
type acting interface{ Acted() results.Agent }

// scored is what is stored of answers, and their metrics.
func (e *experiment) scored(lists [][]models.Scored) ([]results.Ranking, map[string]float64) {
	ranks := make([]results.Ranking, len(lists))
	ids := make([][]int32, len(lists))
	for n, l := range lists {
		r := results.Ranking{User: e.asked.users[n], History: int32(len(e.asked.queries[n].History)), Relevant: e.asked.relevant[n], Items: make([]int32, len(l)), Scores: make([]float32, len(l))}
		for k, x := range l {
			r.Items[k], r.Scores[k] = x.Item, x.Score
		}
		ranks[n], ids[n] = r, r.Items
	}
	return ranks, score(e.plan.Metrics, ids, e.asked.relevant, e.catalogue)
}

// checkpointEvery is the most that an interrupted fit loses, if it keeps checkpoints and its iterations are short.
const checkpointEvery = 30 * time.Second

// Checkpoint is where a fit may keep its state, below the folder of its results, with a meter that begins now.
func Checkpoint(folder, id string) checkpoint.File {
	wall, cpu := time.Now(), results.CPUTime()
	return checkpoint.File{
		Path: filepath.Join(folder, "checkpoints", id), Every: checkpointEvery,
		Meter: &checkpoint.Meter{Now: func() checkpoint.Spent { return checkpoint.Spent{Wall: time.Since(wall), CPU: results.CPUTime() - cpu} }},
	}
}

// score is the mean of each metric.
func score(metrics []eval.Metric, lists, relevant [][]int32, c *eval.Catalogue) map[string]float64 {
	out := make(map[string]float64, len(metrics))
	for _, m := range metrics {
		if !m.PerUser() {
			out[m.Name] = m.Lists(lists, c)
			continue
		}
		sum := 0.0
		for n, l := range lists {
			sum += m.User(l, relevant[n], c)
		}
		out[m.Name] = sum / float64(len(lists))
	}
	return out
}

// indifferent warns of lists whose items all have one score. They stand in the order of their ids, which in many data sets is
// that of age, or of popularity: what such a list finds is no merit of the model's.
func indifferent(lists [][]models.Scored) []string {
	n := 0
	for _, l := range lists {
		if len(l) > 1 && l[0].Score == l[len(l)-1].Score {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d of %d answers give all their items one score, and stand in the order of ids", n, len(lists))}
}

func warnings(x any) []string {
	if w, ok := x.(models.Warner); ok {
		return w.Warnings()
	}
	return nil
}
