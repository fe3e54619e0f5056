package table

import (
	"fmt"
	"slices"

	"llm4rec/eval/stats"
)

// Comparison is the outcome of paired tests of systems against systems.
type Comparison struct {
	Metric    string       `json:"metric"`
	Pairs     []Difference `json:"pairs"`
	Unmatched []string     `json:"unmatched,omitempty"` // rows that the other side does not have
}

// Difference compares A with B by user: positive means that A has the higher mean.
type Difference struct {
	A     string  `json:"a"`
	B     string  `json:"b"`
	Users int     `json:"users"`
	MeanA float64 `json:"mean_a"`
	MeanB float64 `json:"mean_b"`
	Mean  float64 `json:"difference"`
	Lo    float64 `json:"lo"` // paired bootstrap over users, 95%
	Hi    float64 `json:"hi"`
	P     float64 `json:"p"`      // paired randomisation test by user, two-sided
	Holm  float64 `json:"p_holm"` // corrected over all pairs
	Wins  int     `json:"wins"`   // users for whom A's value is higher
	Loses int     `json:"losses"`
	Equal int     `json:"equal"`
}

// Compare tests rows of a against rows of b on one metric, with Holm's correction over the pairs: each against the row
// of the same data set, protocol and system, or, if none has such a row and one side is a single row, that one against
// every row of the other. Rows over different splits, protocols or users are refused.
func Compare(a, b []*Row, metric string) (Comparison, error) {
	out := Comparison{Metric: metric}
	pairs, unmatched := match(a, b)
	if len(pairs) == 0 {
		return out, fmt.Errorf("table: compare: no row of the one is a row of the other by data set, protocol and system: %v and %v", names(a), names(b))
	}
	out.Unmatched = unmatched
	var p []float64
	for _, x := range pairs {
		d, err := compare(x[0], x[1], metric)
		if err != nil {
			return Comparison{}, err
		}
		out.Pairs, p = append(out.Pairs, d), append(p, d.P)
	}
	for n, adjusted := range stats.Holm(p) {
		out.Pairs[n].Holm = adjusted
	}
	return out, nil
}

func match(a, b []*Row) (pairs [][2]*Row, unmatched []string) {
	same := func(x, y *Row) bool {
		return x.Dataset == y.Dataset && x.Protocol == y.Protocol && x.System == y.System
	}
	for _, x := range a {
		if n := slices.IndexFunc(b, func(y *Row) bool { return same(x, y) }); n >= 0 {
			pairs = append(pairs, [2]*Row{x, b[n]})
		} else {
			unmatched = append(unmatched, x.name())
		}
	}
	for _, y := range b {
		if !slices.ContainsFunc(a, func(x *Row) bool { return same(x, y) }) {
			unmatched = append(unmatched, y.name())
		}
	}
	if len(pairs) > 0 || len(a) != 1 && len(b) != 1 {
		return pairs, unmatched
	}
	for _, x := range a {
		for _, y := range b {
			pairs = append(pairs, [2]*Row{x, y})
		}
	}
	return pairs, nil
}

func compare(a, b *Row, metric string) (Difference, error) {
	x, err := a.values(metric)
	if err != nil {
		return Difference{}, err
	}
	y, err := b.values(metric)
	if err != nil {
		return Difference{}, err
	}
	if d := differences(a.Records[0], b.Records[0]); d != "" {
		return Difference{}, fmt.Errorf("table: compare: %s and %s are not comparable: %s", a.name(), b.name(), d)
	}
	if !slices.Equal(a.Users, b.Users) {
		return Difference{}, fmt.Errorf("table: compare: %s and %s are not comparable: they rank different users (%d and %d)", a.name(), b.name(), len(a.Users), len(b.Users))
	}
	d := minus(x, y)
	interval, _ := stats.Bootstrap(d, 1, stats.Resamples, seed)
	out := Difference{
		A: a.name(), B: b.name(), Users: len(d), MeanA: mean(x), MeanB: mean(y),
		Mean: interval[0].Mean, Lo: interval[0].Lo, Hi: interval[0].Hi, P: stats.Paired(d, stats.Resamples, seed),
	}
	return out.counted(d), nil
}

// counted fills in for how many users each side is better.
func (x Difference) counted(d []float64) Difference {
	for _, v := range d {
		switch {
		case v > 0:
			x.Wins++
		case v < 0:
			x.Loses++
		default:
			x.Equal++
		}
	}
	return x
}

// values are a row's by user.
func (r *Row) values(metric string) ([]float64, error) {
	for n, m := range r.Metrics {
		if m.Name != metric {
			continue
		}
		if r.Values[n] == nil {
			return nil, fmt.Errorf("table: compare: %s has no %s by user", r.name(), metric)
		}
		return r.Values[n], nil
	}
	return nil, fmt.Errorf("table: compare: %s was not measured by %s", r.name(), metric)
}

func (r *Row) name() string {
	return fmt.Sprintf("%s/%s/%s/%s", r.Experiment, r.Dataset, r.Protocol, r.System)
}

func names(rows []*Row) []string {
	var out []string
	for _, r := range rows {
		out = append(out, r.name())
	}
	return out
}
