package tune

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/goccy/go-yaml"

	"llm4rec/bench"
)

// A space is what the searched parameters of a system can be, in the order of their names.
type space []dimension

// dimension is one searched parameter: a list of values, or a range.
type dimension struct {
	param  string
	values []any
	within Range
}

// parseDimension reads what a specification says of a searched parameter.
func parseDimension(param string, in any) (dimension, error) {
	d := dimension{param: param}
	switch x := in.(type) {
	case []any:
		if len(x) == 0 {
			return d, errors.New("the list of values is empty")
		}
		for n, v := range x {
			if slices.ContainsFunc(x[:n], func(w any) bool { return text(w) == text(v) }) {
				return d, fmt.Errorf("value %v is given twice", v)
			}
		}
		d.values = x
		return d, nil
	case map[string]any:
		source, err := yaml.Marshal(x)
		if err == nil {
			err = bench.Decode(source, &d.within)
		}
		if err != nil {
			return d, errors.New(bench.Message(err))
		}
		return d, d.within.validate()
	}
	return d, fmt.Errorf("want a list of values or {low, high, scale, integer}, got %v", in)
}

func (r Range) validate() error {
	switch {
	case math.IsInf(r.Low, 0) || math.IsInf(r.High, 0) || !(r.Low < r.High):
		return fmt.Errorf("low %v is not below high %v", r.Low, r.High)
	case r.Scale != "" && r.Scale != "linear" && r.Scale != "log":
		return fmt.Errorf("scale %q is not linear or log", r.Scale)
	case r.Scale == "log" && r.Low <= 0:
		return fmt.Errorf("low %v is not above 0, which scale log needs", r.Low)
	case r.Integer && (r.Low != math.Trunc(r.Low) || r.High != math.Trunc(r.High)):
		return fmt.Errorf("low %v and high %v are not both whole numbers", r.Low, r.High)
	}
	return nil
}

// at is the value at a part of the range, 0 ≤ part < 1. Numbers have three significant digits: what is printed is what
// was tried. Whole numbers get equal shares of the range, on its scale.
func (r Range) at(part float64) any {
	low, high := r.Low, r.High
	if r.Integer {
		low, high = low-.5, high+.5
	}
	var x float64
	if r.Scale == "log" {
		x = math.Exp(math.Log(low) + part*(math.Log(high)-math.Log(low)))
	} else {
		x = low + part*(high-low)
	}
	if r.Integer {
		return int64(min(max(math.Round(x), r.Low), r.High))
	}
	x, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 3, 64), 64)
	if err != nil {
		panic("tune: a number that was just written cannot be read: " + err.Error())
	}
	return min(max(x, r.Low), r.High)
}

// grid is the number of combinations, 0 where a range makes them too many to count.
func (s space) grid() int {
	n := 1
	for _, d := range s {
		if d.values == nil || n > math.MaxInt32 {
			return 0
		}
		n *= len(d.values)
	}
	return n
}

// most redraws of a configuration that was tried before: then the space is taken as used up.
const redraws = 1000

// draw chooses at most that many different configurations. A grid that is no larger is tried whole. Otherwise each
// trial draws from a stream of its own, so that a larger budget begins with the trials of a smaller one.
func (s space) draw(seed int64, system string, trials int) []map[string]any {
	if n := s.grid(); n > 0 && n <= trials {
		out := make([]map[string]any, n)
		for k := range out {
			out[k] = s.combination(k)
		}
		return out
	}
	var out []map[string]any
	seen := map[string]bool{}
	for len(out) < trials {
		r := stream(seed, system, len(out))
		params := s.sample(r)
		for tries := 0; seen[text(params)]; tries++ {
			if tries == redraws {
				return out
			}
			params = s.sample(r)
		}
		seen[text(params)] = true
		out = append(out, params)
	}
	return out
}

// combination is that one of a grid, the last parameter changing fastest.
func (s space) combination(k int) map[string]any {
	out := map[string]any{}
	for _, d := range slices.Backward(s) {
		out[d.param] = d.values[k%len(d.values)]
		k /= len(d.values)
	}
	return out
}

func (s space) sample(r *rand.Rand) map[string]any {
	out := map[string]any{}
	for _, d := range s {
		if d.values != nil {
			out[d.param] = d.values[r.IntN(len(d.values))]
		} else {
			out[d.param] = d.within.at(r.Float64())
		}
	}
	return out
}

// stream is the randomness of one trial: it depends on the seed, the system's name and the trial's number alone.
func stream(seed int64, system string, trial int) *rand.Rand {
	purpose := fmt.Appendf(nil, "tune\x00%s\x00%d", system, trial)
	key := sha256.Sum256(binary.LittleEndian.AppendUint64(purpose, uint64(seed)))
	return rand.New(rand.NewChaCha8(key))
}

// text is equal for equal values.
func text(v any) string {
	b, err := json.Marshal(v) // objects in the order of their keys
	if err != nil {
		panic("tune: a value of a specification has no JSON: " + err.Error())
	}
	return string(b)
}

// with is the union of parameters; none is in both.
func with(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]any{}
	}
	maps.Copy(out, b)
	return out
}
