package perf

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"llm4rec/data"
	"llm4rec/gpu"
	"llm4rec/models/sasrec"
	"llm4rec/models/sequential"
	"llm4rec/results"
)

// SASRec is a measurement of the training of SASRec, in targets a second, by turns with PyTorch.
type SASRec struct {
	Config sasrec.Config // its device is where it is trained
	Rounds int           // turns of each side
	Window time.Duration // of a turn
	Busy   float64       // part of its cores that a process must have had for a turn to count
	Python string        // an interpreter with PyTorch, or ""
}

// DefaultSASRec is a minute of each side, on the model's default configuration.
func DefaultSASRec() SASRec {
	return SASRec{Config: sasrec.Default(), Rounds: 3, Window: 20 * time.Second, Busy: .9}
}

// Rate is the targets a second of one side, by turns.
type Rate struct {
	Name      string    `json:"name"`
	Targets   []float64 `json:"targets_per_second"`
	Cores     []float64 `json:"cores"` // processor time a second
	Discarded int       `json:"discarded"`
}

// Median is the lower one of an even number, 0 of none.
func Median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(x))[(len(x)-1)/2]
}

// Share is the time of one kind of call in a step.
type Share struct {
	Kernel  string  `json:"kernel"`
	Seconds float64 `json:"seconds_per_step"`
}

// Training is what was measured.
type Training struct {
	Dataset string  `json:"dataset"`
	Rates   []Rate  `json:"rates"` // ours first
	Shares  []Share `json:"shares"`
	Steps   int     `json:"steps_per_epoch"`
	Flops   float64 `json:"flops_per_target"`
	Peak    float64 `json:"peak_flops"` // of a product of large matrices, the best of those between the turns
}

// Validate says what is wrong with a measurement.
func (a SASRec) Validate() error {
	switch {
	case a.Rounds < 1:
		return fmt.Errorf("perf: rounds: want at least 1, got %d", a.Rounds)
	case a.Window <= 0:
		return fmt.Errorf("perf: window: want a time above 0, got %v", a.Window)
	case !(a.Busy >= 0 && a.Busy <= 1):
		return fmt.Errorf("perf: busy: want a part of the cores, got %g", a.Busy)
	}
	return nil
}

// Measure takes the turns, then has the calls of some steps of ours reported.
func (a SASRec) Measure(ctx context.Context, d *data.Dataset) (_ Training, err error) {
	train := &data.Train{NumUsers: d.Users.Len(), NumItems: d.Items.Len(), Inter: d.Inter, Users: d.Users, Items: d.Items}
	spec := a.Config.Spec()
	steps, err := spec.Steps(train)
	if err != nil {
		return Training{}, err
	}
	defer steps.Close()
	sides := []side{{name: "llm4rec", turn: func(w time.Duration) (int, float64, float64, error) { return oursFor(ctx, steps, w) }}}
	if a.Python != "" {
		for _, packed := range []bool{false, true} {
			p, err := startTorch(ctx, a.Python, a.Config, train, nil, packed)
			if err != nil {
				return Training{}, err
			}
			defer func() { err = errors.Join(err, p.close()) }()
			sides = append(sides, side{name: p.name, turn: p.train})
		}
	}
	device := a.Config.Device
	if device == nil {
		device = gpu.CPU()
	}
	probe, err := newProbe(device, 1, 1, 1)
	if err != nil {
		return Training{}, err
	}
	defer probe.close()
	out := Training{Steps: steps.PerEpoch(), Flops: a.Config.Flops(train.NumUsers, train.NumItems, train.Inter.Len()) / float64(a.Config.Epochs) / float64(train.Inter.Len())}
	if out.Rates, err = a.turns(ctx, sides, probe); err != nil {
		return Training{}, err
	}
	if len(out.Rates[0].Targets) == 0 {
		return Training{}, fmt.Errorf("perf: of %d turns none had enough of %d cores: the machine is busy", a.Rounds, runtime.GOMAXPROCS(0))
	}
	out.Peak = slices.Max(probe.flops)
	out.Shares, err = shares(ctx, steps)
	return out, err
}

// side trains for about so long, and says on how many targets, in how many seconds, with how many of processor time.
type side struct {
	name string
	turn func(w time.Duration) (targets int, wall, cpu float64, err error)
}

// turns gives each side a short one to warm up, and then those that count. How many cores a peer keeps busy is its own
// affair; ours must have had its own.
func (a SASRec) turns(ctx context.Context, sides []side, probe *probe) ([]Rate, error) {
	out := make([]Rate, len(sides))
	least := a.Busy * float64(runtime.GOMAXPROCS(0))
	for round := range a.Rounds + 1 {
		for n, s := range sides {
			window := a.Window
			if round == 0 {
				window /= 10
			}
			targets, wall, cpu, err := s.turn(window)
			if err = errors.Join(err, ctx.Err(), probe.measure()); err != nil {
				return nil, err
			}
			out[n].Name = s.name
			switch {
			case round == 0:
			case n == 0 && cpu >= 0 && cpu < least*wall:
				out[n].Discarded++
			default:
				out[n].Targets, out[n].Cores = append(out[n].Targets, float64(targets)/wall), append(out[n].Cores, cpu/wall)
			}
		}
	}
	return out, nil
}

// oursFor takes steps until the time is over.
func oursFor(ctx context.Context, steps *sequential.Steps, w time.Duration) (targets int, wall, cpu float64, err error) {
	begin, used := time.Now(), results.CPUTime()
	for time.Since(begin) < w {
		n, _, err := steps.Next(ctx)
		if err != nil {
			return 0, 0, 0, err
		}
		targets += n
	}
	if cpu = -1; used >= 0 {
		cpu = (results.CPUTime() - used).Seconds()
	}
	return targets, time.Since(begin).Seconds(), cpu, nil
}

// observed is how many steps have their calls reported.
const observed = 20

// shares are the seconds of a step by kernel, the longest first.
func shares(ctx context.Context, steps *sequential.Steps) ([]Share, error) {
	seconds := map[string]float64{}
	steps.Observe(func(kernel string, took time.Duration) { seconds[kernel] += took.Seconds() / observed })
	defer steps.Observe(nil)
	for range observed {
		if _, _, err := steps.Next(ctx); err != nil {
			return nil, err
		}
	}
	var out []Share
	for kernel, s := range seconds {
		out = append(out, Share{kernel, s})
	}
	slices.SortFunc(out, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Seconds, a.Seconds), cmp.Compare(a.Kernel, b.Kernel))
	})
	return out, nil
}
