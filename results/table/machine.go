package table

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"llm4rec/results"
)

// object is one system in the JSON form, which other programs read.
type object struct {
	Experiment  string              `json:"experiment"`
	Dataset     string              `json:"dataset"`
	Protocol    string              `json:"protocol"`
	System      string              `json:"system"`
	Part        string              `json:"part,omitempty"` // reasons or conversations; none for rankings
	Of          string              `json:"of,omitempty"`   // the system whose answers it works on
	Seeds       int                 `json:"seeds"`          // how many have values
	Users       int                 `json:"users"`
	Injected    bool                `json:"truth_injected,omitempty"` // the relevant items are among the candidates
	Trials      int                 `json:"trials,omitempty"`         // on validation, before the parameters were chosen
	Metrics     map[string]Summary  `json:"metrics"`
	Relative    *relativeTo         `json:"relative,omitempty"`
	Timing      map[string]*float64 `json:"timing"`
	Hardware    []string            `json:"hardware,omitempty"` // that the timing and the energy belong to; with several kinds there is none
	Energy      map[string]*float64 `json:"energy,omitempty"`   // means, where a row of the table has any
	EnergyBy    []*results.Energy   `json:"energy_by_seed,omitempty"`
	LLM         []*results.LLM      `json:"llm,omitempty"`  // by seed
	Gain        *Gain               `json:"gain,omitempty"` // against the first stage
	Status      Status              `json:"status"`
	Errors      []string            `json:"errors,omitempty"` // of cells without values
	Publishable bool                `json:"publishable"`
	Unpublish   []string            `json:"unpublish,omitempty"`
	Notes       []string            `json:"notes,omitempty"` // of the data set
	Skipped     map[string]int      `json:"skipped,omitempty"`
}

type relativeTo struct {
	Baseline string   `json:"baseline"`
	Metric   string   `json:"metric"`
	Percent  *float64 `json:"percent"`
}

func writeJSON(w io.Writer, experiments []Experiment, o Options) error {
	objects := []object{} // a list, also of nothing
	for n := range experiments {
		base := o.baseline(&experiments[n])
		for _, t := range experiments[n].Tables {
			gains := t.gains(t.ranked())
			for _, p := range t.parts() {
				for _, r := range p.rows {
					objects = append(objects, newObject(t, p, r, base, gains[r], o.CO2))
				}
			}
		}
	}
	return indented(w, objects)
}

func newObject(t *Table, p part, r *Row, base string, g *Gain, co2 float64) object {
	x := object{
		Experiment: r.Experiment, Dataset: r.Dataset, Protocol: r.Protocol, System: r.System, Part: p.name,
		Seeds: len(r.Records), Users: r.people(), Trials: r.Trials, Metrics: map[string]Summary{}, Timing: map[string]*float64{},
		Gain: g, Status: r.Status(), Unpublish: r.Unpublishable(), Skipped: r.Skipped,
	}
	x.Publishable = x.Status == OK && len(x.Unpublish) == 0
	for _, m := range r.Missing {
		x.Errors = append(x.Errors, fmt.Sprintf("seed %d: %s %s", m.Seed, m.Status, m.Why))
	}
	if len(r.Records) == 0 {
		return x
	}
	x.Injected = injected(r.Records[0].Identity.Protocol)
	x.Of = t.worksOn(r)
	for _, m := range r.summaries() {
		x.Metrics[m.name] = m.Summary
	}
	for _, rec := range r.Records {
		x.Notes = appendNew(x.Notes, rec.Notes...)
		if rec.LLM != nil {
			x.LLM = append(x.LLM, rec.LLM)
		}
		if rec.Energy != nil {
			x.EnergyBy = append(x.EnergyBy, rec.Energy)
		}
	}
	for _, c := range timings() {
		x.Timing[c.name] = c.mean(r)
	}
	for _, c := range energies(t.Rows, co2) {
		if x.Energy == nil {
			x.Energy = map[string]*float64{}
		}
		x.Energy[c.name] = c.mean(r)
	}
	x.Hardware = r.Hardware()
	if base != "" && p.name == "" {
		x.Relative = &relativeTo{base, r.Metrics[primary(r.Metrics)].Name, r.relativeTo(t.baseline(base))}
	}
	return x
}

func indented(w io.Writer, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("table: json: %w", err)
	}
	if _, err := w.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("table: write: %w", err)
	}
	return nil
}

// writeCSV writes one line a system. Timing and energy stand last, so that they can be cut off: they are all that may differ
// between two runs of one experiment.
func writeCSV(w io.Writer, experiments []Experiment, o Options) error {
	metrics := union(experiments)
	parted := slices.ContainsFunc(experiments, func(e Experiment) bool {
		return slices.ContainsFunc(e.Tables, func(t *Table) bool { return len(t.Explained)+len(t.Talked) > 0 })
	})
	header := []string{"experiment", "dataset", "protocol", "system", "seeds", "users", "publishable"}
	if parted {
		header = append(header, "part", "of")
	}
	for _, m := range metrics {
		header = append(header, m, m+"_lo", m+"_hi", m+"_seed_sd")
	}
	compared := slices.ContainsFunc(experiments, func(e Experiment) bool { return o.baseline(&e) != "" })
	if compared {
		header = append(header, "relative_percent")
	}
	ranked := slices.ContainsFunc(experiments, func(e Experiment) bool {
		return slices.ContainsFunc(e.Tables, func(t *Table) bool { return len(t.ranked()) > 0 })
	})
	if ranked {
		header = append(header, "first_stage", "gain", "gain_lo", "gain_hi", "gain_p_holm", "ceiling", "informative", "llm_model", "llm_calls", "llm_users_failed", "llm_tokens_in", "llm_tokens_out", "llm_dollars", "llm_bad_answers")
	}
	for _, c := range timings() {
		header = append(header, "timing_"+c.name)
	}
	header = append(header, "timing_hardware")
	if ranked {
		header = append(header, "timing_llm_recorded") // calls whose times are those of an earlier run
	}
	var rows []*Row
	for _, e := range experiments {
		rows = append(rows, e.Rows()...)
	}
	energy := energies(rows, o.CO2)
	for _, c := range energy {
		header = append(header, "energy_"+c.name)
	}
	if energy != nil {
		header = append(header, "energy_unavailable")
	}
	lines := [][]string{header}
	for n := range experiments {
		base := o.baseline(&experiments[n])
		for _, t := range experiments[n].Tables {
			gains := t.gains(t.ranked())
			for _, p := range t.parts() {
				for _, r := range p.rows {
					line := csvIdentity(r)
					if parted {
						line = append(line, p.name, t.worksOn(r))
					}
					line = append(line, csvMetrics(r, metrics)...)
					if compared {
						var percent *float64
						if p.name == "" {
							percent = r.relativeTo(t.baseline(base))
						}
						line = append(line, number(percent))
					}
					if ranked {
						line = append(line, r.llmColumns(gains[r])...)
					}
					for _, c := range timings() {
						line = append(line, number(c.mean(r)))
					}
					line = append(line, strings.Join(r.Hardware(), "; "))
					if ranked {
						line = append(line, r.recorded())
					}
					for _, c := range energy {
						line = append(line, number(c.mean(r)))
					}
					if energy != nil {
						line = append(line, strings.Join(r.Unmeasured(), "; "))
					}
					lines = append(lines, line)
				}
			}
		}
	}
	return writeLines(w, lines)
}

func writeLines(w io.Writer, lines [][]string) error {
	if err := csv.NewWriter(w).WriteAll(lines); err != nil {
		return fmt.Errorf("table: csv: %w", err)
	}
	return nil
}

// csvIdentity begins a row's line.
func csvIdentity(r *Row) []string {
	return []string{r.Experiment, r.Dataset, r.Protocol, r.System, strconv.Itoa(len(r.Records)), strconv.Itoa(r.people()), strconv.FormatBool(r.Status() == OK && len(r.Unpublishable()) == 0)}
}

// csvMetrics has what was measured of a row, in the given order.
func csvMetrics(r *Row, metrics []string) []string {
	var line []string
	byName := map[string]Summary{}
	for _, m := range r.summaries() {
		byName[m.name] = m.Summary
	}
	for _, m := range metrics {
		s, ok := byName[m]
		if !ok {
			line = append(line, "", "", "", "")
			continue
		}
		line = append(line, number(&s.Mean), number(s.Lo), number(s.Hi), number(s.SeedSD))
	}
	return line
}

// number has all digits of a value, "" for none.
func number(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'g', -1, 64)
}
