// Package hub writes stored results as the evaluation results of the Hugging Face Hub: for each system a folder .eval_results
// with a YAML file, which belongs into the repository of its model.
//
// The form is that of https://huggingface.co/docs/hub/eval-results: a list of the data set on the Hub with a task of its
// benchmark, the value, and where it comes from.
package hub

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"llm4rec/results/table"
)

// Options say what results do not know.
type Options struct {
	Dataset string // the benchmark on the Hub, as ORGANISATION/NAME
	Source  string // address of the records or of a paper; empty: none is given
	Name    string // of the source, for people
}

type result struct {
	Dataset dataset `yaml:"dataset"`
	Value   float64 `yaml:"value"`
	Date    string  `yaml:"date"`
	Source  *source `yaml:"source,omitempty"`
	Notes   string  `yaml:"notes,omitempty"`
}

type dataset struct {
	ID   string `yaml:"id"`
	Task string `yaml:"task_id"`
}

type source struct {
	URL  string `yaml:"url"`
	Name string `yaml:"name,omitempty"`
}

var repository = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$`)

// Export writes the rows that may be published below dir, as SYSTEM/.eval_results/EXPERIMENT.yaml, and returns the files and the
// names of the rows that were left out. Values are those of the table.
func Export(e table.Experiment, dir string, o Options) (files, left []string, err error) {
	if !repository.MatchString(o.Dataset) {
		return nil, nil, fmt.Errorf("hub: %q is not a data set of the Hub, ORGANISATION/NAME", o.Dataset)
	}
	if u, err := url.Parse(o.Source); o.Source != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return nil, nil, fmt.Errorf("hub: source %q: want an address that begins with https:// or http://", o.Source)
	}
	bySystem := map[string][]result{}
	var systems []string
	for _, r := range e.Rows() {
		if why := r.Unpublishable(); why != nil {
			left = append(left, fmt.Sprintf("%s under %s: %s", r.System, r.Protocol, strings.Join(why, "; ")))
			continue
		}
		if bySystem[r.System] == nil {
			systems = append(systems, r.System)
		}
		bySystem[r.System] = append(bySystem[r.System], rows(r, o)...)
	}
	if systems == nil {
		return nil, left, errors.New("hub: no row that may be published")
	}
	for _, system := range systems {
		content, err := yaml.Marshal(bySystem[system])
		if err != nil {
			return nil, nil, fmt.Errorf("hub: %s: %w", system, err)
		}
		local := filepath.Join(system, ".eval_results", e.Name+".yaml")
		if !filepath.IsLocal(system) || !filepath.IsLocal(local) { // the results may be somebody else's
			return nil, nil, fmt.Errorf("hub: %q and %q are no names of files", system, e.Name)
		}
		path := filepath.Join(dir, local)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return nil, nil, fmt.Errorf("hub: %w", err)
		}
		if err := os.WriteFile(path, bytes.TrimLeft(content, "\n"), 0o666); err != nil {
			return nil, nil, fmt.Errorf("hub: %w", err)
		}
		files = append(files, path)
	}
	return files, left, nil
}

// rows are the results of one row, one a metric. The task is the protocol and the metric: a benchmark's eval.yaml has to name them.
func rows(r *table.Row, o Options) []result {
	var last time.Time
	for _, rec := range r.Records {
		if rec.Finished.After(last) {
			last = rec.Finished
		}
	}
	notes := fmt.Sprintf("llm4rec, commit %s: %s under protocol %s, %d users", r.Records[0].Env.Commit, r.System, r.Protocol, len(r.Users))
	if n := len(r.Records); n > 1 {
		notes += fmt.Sprintf(", mean of %d seeds", n)
	}
	var out []result
	for n, m := range r.Metrics {
		x := result{Dataset: dataset{o.Dataset, r.Protocol + "_" + strings.Replace(m.Name, "@", "_at_", 1)}, Value: mean(r, n), Date: last.UTC().Format(time.RFC3339), Notes: notes}
		if o.Source != "" {
			x.Source = &source{o.Source, cmp.Or(o.Name, "llm4rec")}
		}
		out = append(out, x)
	}
	return out
}

// mean is the table's: over users, or for a metric of all lists together over seeds.
func mean(r *table.Row, metric int) float64 {
	values := r.Values[metric]
	if values == nil {
		values = r.PerSeed[metric]
	}
	sum := 0.
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
