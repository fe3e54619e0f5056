package report

import (
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"time"

	"llm4rec/results"
	"llm4rec/results/figure"
	"llm4rec/results/table"
)

// pair is a name and what stands beside it.
type pair struct{ Name, Text string }

// seeded is what one seed gave.
type seeded struct {
	Seed    string
	Metrics []string
	Fit     string
	Trained int // epochs that were validated
	ID      string
}

// system writes the page of one row: all that was recorded of it.
func (s *site) system(b *board, r *row, agents []table.Part) error {
	x := struct {
		head
		*board
		Row                                   *row
		Model, Command, P                     string
		Params, Identity, Timing, Environment []pair
		Energy                                []pair
		Metrics                               []pair
		Seeds                                 []seeded
		Skipped                               string
		Warnings                              []string
		Missing                               []table.Missing
		Curve                                 *drawn
		First                                 *row
		Chosen                                int
		Columns                               []string
		Environments                          int
		Agent                                 []pair
		Accounts                              sheet
	}{head: b.head(r.System, ""), board: b, Row: r, Missing: r.Missing, Chosen: r.Trials, Columns: b.Metrics}
	s.written.Systems++
	if r.Standing == nil {
		x.Command = b.command(r.System, nil, 0)
		return s.page(b.Dir+"/"+r.Page, "system.html", x)
	}
	rec := r.Records[0]
	if p := r.Standing.P; p != nil {
		x.P = fmt.Sprintf("%.4f", *p)
	}
	x.Model = rec.Identity.Model
	x.Params = params(rec.Identity.Params)
	x.Identity = identity(rec)
	x.Timing = timing(r.Records)
	x.Energy = energy(r.Records)
	x.Environment = environment(rec.Env)
	x.Accounts = accounts([]*other{{Row: r.Row}})
	if rec.Agent != nil {
		x.Agent = about(agents, r.Row)
		if p := rec.Agent.Prompt; p != "" {
			x.Agent = append(x.Agent, pair{"prompts", "sha256 " + short(p)})
		}
	}
	for n, m := range b.Metrics {
		text := r.Means[n].Text
		if sd := r.DeviationOf(n); sd != nil {
			text += fmt.Sprintf(" (sd over seeds %.4f)", *sd)
		}
		x.Metrics = append(x.Metrics, pair{m, text})
	}
	var environments []string
	for n, rec := range r.Records {
		row := seeded{Seed: "–", Fit: table.Figure(rec.Timing.FitWall), Trained: len(rec.Curve), ID: rec.ID}
		if rec.Identity.Seeded {
			row.Seed = fmt.Sprint(rec.Identity.Seed)
		}
		for m := range b.Metrics {
			text := "–"
			if n < len(r.PerSeed[m]) {
				text = fmt.Sprintf("%.4f", r.PerSeed[m][n])
			}
			row.Metrics = append(row.Metrics, text)
		}
		x.Seeds = append(x.Seeds, row)
		for _, w := range rec.Warnings {
			if !slices.Contains(x.Warnings, w) {
				x.Warnings = append(x.Warnings, w)
			}
		}
		if e := fmt.Sprint(environment(rec.Env)); !slices.Contains(environments, e) {
			environments = append(environments, e)
		}
	}
	x.Environments = len(environments)
	var skipped []string
	for _, why := range slices.Sorted(maps.Keys(r.Skipped)) {
		if n := r.Skipped[why]; n > 0 {
			skipped = append(skipped, fmt.Sprintf("%d %s", n, why))
		}
	}
	x.Skipped = strings.Join(skipped, ", ")
	if f := curve([]*row{r}); f != nil {
		x.Curve = draw(f)
	}
	if first := b.table.First(r.Row); first != nil {
		x.First = b.find(first)
	}
	x.Command = b.command(r.System, x.First, rec.Identity.Limit)
	return s.page(b.Dir+"/"+r.Page, "system.html", x)
}

func (b *board) find(r *table.Row) *row {
	for _, x := range b.Rows {
		if x.Row == r {
			return x
		}
	}
	return nil
}

// command makes the row again, from the specification that lies in the site.
func (b *board) command(system string, first *row, limit int) string {
	only := system
	if first != nil {
		only = first.System + "," + system
	}
	c := "llm4rec run " + b.Spec + " --only " + quoted(only) + " --out ../out" // a site is no place for results
	if limit > 0 {
		c += fmt.Sprintf(" --limit %d", limit)
	}
	return c
}

// quoted is a word of a shell.
func quoted(s string) string {
	plain := strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_+.,:/") == ""
	if plain && s != "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// params are the fields of a JSON object, in the order of their names.
func params(text string) []pair {
	var m map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &m) != nil {
		return []pair{{"", text}}
	}
	var out []pair
	for _, k := range slices.Sorted(maps.Keys(m)) {
		v := string(m[k])
		var s string
		if json.Unmarshal(m[k], &s) == nil {
			v = s
		}
		out = append(out, pair{k, v})
	}
	return out
}

func identity(rec results.Record) []pair {
	id := rec.Identity
	out := []pair{
		{"Cell", rec.ID}, {"Data set", id.Dataset + ", content " + short(id.Data)}, {"Filters", orNone(table.Words(id.Filters))},
		{"Protocol", table.Words(id.Protocol)}, {"Split", short(rec.Split)}, {"Revision of the model", fmt.Sprint(id.Revision)},
		{"Device", id.Device}, {"Length of the rankings", fmt.Sprint(id.Depth)}, {"Ranks", "sha256 " + short(rec.Ranks)},
		{"Began", rec.Started.UTC().Format(time.DateTime) + " UTC"}, {"Ended", rec.Finished.UTC().Format(time.DateTime) + " UTC"},
	}
	if id.First != "" {
		out = append(out, pair{"Ranks again the answers of", "cell " + id.First})
	}
	if id.Limit > 0 {
		out = append(out, pair{"Limit", fmt.Sprintf("%d users", id.Limit)})
	}
	return out
}

// whole is the unit of what is counted.
const whole = ""

// timing is the mean over seeds; a negative number is not known.
func timing(recs []results.Record) []pair {
	var out []pair
	for _, x := range []struct {
		name, unit string
		scale      float64
		of         func(results.Timing) float64
	}{
		{"Fit, wall", "s", 1, func(t results.Timing) float64 { return t.FitWall }},
		{"Fit, CPU", "s", 1, func(t results.Timing) float64 { return t.FitCPU }},
		{"Recommend, wall", "s", 1, func(t results.Timing) float64 { return t.RecommendWall }},
		{"Recommend, CPU", "s", 1, func(t results.Timing) float64 { return t.RecommendCPU }},
		{"Queries, in batches", "a second", 1, func(t results.Timing) float64 { return t.QueriesPerSecond }},
		{"Latency of one query, median", "ms", 1000, func(t results.Timing) float64 { return t.LatencyP50 }},
		{"Latency, 95%", "ms", 1000, func(t results.Timing) float64 { return t.LatencyP95 }},
		{"Latency, 99%", "ms", 1000, func(t results.Timing) float64 { return t.LatencyP99 }},
		{"Queries timed", whole, 1, func(t results.Timing) float64 { return float64(t.LatencyQueries) }},
		{"Peak memory", "MiB", 1. / (1 << 20), func(t results.Timing) float64 { return float64(t.PeakMemory) }},
		{"Workers", whole, 1, func(t results.Timing) float64 { return float64(t.Workers) }},
	} {
		var sum float64
		known := true
		for _, rec := range recs {
			v := x.of(rec.Timing)
			known = known && v >= 0
			sum += v
		}
		text := "not known"
		if known {
			text = table.Figure(sum/float64(len(recs))*x.scale) + " " + x.unit
			if x.unit == whole {
				text = fmt.Sprintf("%.0f", sum/float64(len(recs)))
			}
		}
		out = append(out, pair{x.name, text})
	}
	return out
}

func environment(e results.Environment) []pair {
	out := []pair{{"System", e.OS}, {"CPU", fmt.Sprintf("%s, %d cores", e.CPU, e.Cores)}}
	if e.Memory > 0 {
		out = append(out, pair{"Memory", fmt.Sprintf("%.1f GiB", float64(e.Memory)/(1<<30))})
	}
	return append(out, pair{"GPU", orNone(e.GPU)}, pair{"Driver", orNone(e.Driver)}, pair{"BLAS", e.BLAS}, pair{"Go", e.Go}, pair{"Commit", e.Commit})
}

func short(sum string) string { return sum[:min(len(sum), 12)] }

func orNone(s string) string {
	if s == "" || s == "null" {
		return "none"
	}
	return s
}

// drawn is a figure on a page, with its data as a table for those who cannot see it.
type drawn struct {
	Title, Note, X, Y string
	SVG               template.HTML
	Rows              [][3]string
	More              int // points that the table leaves out
}

// listed is how many points the table of a figure has at most.
const listed = 400

func draw(f *figure.Figure) *drawn {
	d := &drawn{Title: f.Title, Note: f.Note, X: f.X.Label, Y: f.Y.Label, SVG: template.HTML(f.Inline())} //nolint:gosec // the figure escapes its words
	for _, s := range f.Series {
		for _, p := range s.Points {
			if len(d.Rows) == listed {
				d.More++
				continue
			}
			name, x := s.Name, fmt.Sprintf("%.4g", p.X)
			if p.Name != "" {
				name = p.Name
			}
			if at := int(p.X); f.X.Names != nil && at >= 0 && at < len(f.X.Names) {
				x = f.X.Names[at]
			}
			d.Rows = append(d.Rows, [3]string{name, x, fmt.Sprintf("%.4g", p.Y)})
		}
	}
	return d
}
