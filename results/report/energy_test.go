package report

import (
	"path/filepath"
	"strings"
	"testing"

	"llm4rec/results"
	"llm4rec/results/figure"
)

func joules(fit, recommend float64) *results.Energy {
	idle := 20.
	return &results.Energy{
		Sources: []results.EnergySource{{Name: "cpu", Counts: "RAPL of package-0", IdleWatts: &idle, IdleSeconds: 4}},
		Fit:     []results.Joules{results.NewJoules(fit+20, 1, idle)}, Recommend: []results.Joules{results.NewJoules(recommend+20, 1, idle)}, Lists: 100,
	}
}

// machines is an experiment of which some rows ran on a GPU, with energy.
func machines() fake {
	return fake{name: "toy", protocols: []string{"leave-one-out"}, users: 80, systems: []fakeSystem{
		{name: "pop", skill: .2, energy: joules(1, 2)}, {name: "ease", skill: .55, energy: joules(30, 4)}, {name: "slow", skill: .4, energy: joules(40, -1)},
		{name: "als", skill: .6, gpu: "GPU A", energy: joules(5, 1)}, {name: "pop+model", after: "pop", skill: .8, energy: joules(1, 1)},
	}}
}

// TestEnergyIsDrawn: quality against joules has a figure for each kind of hardware, whose frontier has no row of another.
func TestEnergyIsDrawn(t *testing.T) {
	figures, err := Figures([]string{machines().write(t)})
	check(t, err)
	drawn := map[string]*figure.Figure{}
	for _, f := range figures {
		drawn[strings.TrimPrefix(f.Name, "b01-toys-b-leave-one-out-")] = f
	}
	front := func(name string) (front, all string) {
		f := drawn[name]
		if f == nil {
			t.Fatalf("no figure %s among %d", name, len(drawn))
		}
		for _, s := range f.Series {
			for _, p := range s.Points {
				all += p.Name + " "
				if p.Front {
					front += p.Name + " "
				}
			}
		}
		return front, all
	}
	for name, want := range map[string][2]string{
		"energy-of-training-cpu": {"ease pop ", "ease slow pop "}, "energy-of-training-cpu-2": {"als ", "als "},
		"energy-cpu": {"ease pop ", "ease pop "}, "energy-cpu-2": {"als ", "als "},
		"training-time-2": {"als ", "als "}, "latency-2": {"als ", "als "},
	} {
		f, all := front(name)
		if f != want[0] || all != want[1] {
			t.Errorf("%s: on the frontier %q of %q, want %q of %q", name, f, all, want[0], want[1])
		}
	}
	if note := drawn["energy-cpu"].Note; !strings.Contains(note, "language models is not known: pop+model.") || !strings.Contains(note, "counters can tell: slow.") {
		t.Error(note)
	}
	if title := drawn["energy-cpu-2"].Title; !strings.Contains(title, "on Example, 2 cores, linux/amd64, GPU A") {
		t.Error(title)
	}
}

// TestSumsAreDrawn: where several counters were read their sum is drawn, and where one of them alone was, that one.
func TestSumsAreDrawn(t *testing.T) {
	names := func(cpu bool) (out string) {
		x := machines()
		for n := range x.systems {
			gpu, e := joules(50, 60), x.systems[n].energy
			e.Sources, e.Fit, e.Recommend = append(e.Sources, gpu.Sources[0]), append(e.Fit, gpu.Fit[0]), append(e.Recommend, gpu.Recommend[0])
			e.Sources[1].Name, x.systems[n].gpu = "gpu", "GPU A"
			if !cpu {
				e.Fit[0], e.Recommend[0] = results.Joules{Unavailable: "no RAPL"}, results.Joules{Unavailable: "no RAPL"}
			}
		}
		figures, err := Figures([]string{x.write(t)})
		check(t, err)
		for _, f := range figures {
			if _, name, ok := strings.Cut(f.Name, "-energy"); ok {
				out += "energy" + name + " "
			}
		}
		return out
	}
	if got := names(true); got != "energy-of-training energy " {
		t.Errorf("two counters: %q", got)
	}
	if got := names(false); got != "energy-of-training-gpu energy-gpu " {
		t.Errorf("the GPU's alone: %q", got)
	}
}

// TestEnergyOnPages: what was measured stands on a system's page; columns that can be sorted have no rows of several machines;
// where nothing was measured, a sentence says why.
func TestEnergyOnPages(t *testing.T) {
	pages := func(x fake) map[string]string {
		out := filepath.Join(t.TempDir(), "site")
		_, err := Write(t.Context(), out, []string{x.write(t)})
		check(t, err)
		return read(t, out)
	}
	const board = "b01-toys-b-leave-one-out/"
	x := machines()
	several := pages(x)
	if text := several[board+"index.html"]; strings.Contains(text, "fit s") || strings.Contains(text, "cpu J") || !strings.Contains(text, "hardware of 2 kinds") {
		t.Error("rows of two machines stand in one column of costs")
	}
	if strings.Contains(several[board+"plots.html"], "is not drawn, as no row") {
		t.Error("what is drawn is said not to be")
	}
	found := false
	for name, text := range several {
		found = found || strings.HasSuffix(name, "-slow.html") && strings.Contains(text, "-1.00 J net, 19.0 J in 1.00 s as counted") && strings.Contains(text, "20.0 W, the mean of 4.00 s, by RAPL of package-0")
	}
	if !found {
		t.Error("no page of slow with its joules")
	}
	x.systems[3].gpu = ""
	if text := pages(x)[board+"index.html"]; !strings.Contains(text, "fit cpu J") || !strings.Contains(text, "cpu J/1000") {
		t.Error("the leaderboard lacks joules")
	}
	for n := range x.systems {
		x.systems[n].energy = joules(0, -1)
	}
	if text := pages(x)[board+"plots.html"]; !strings.Contains(text, "joules to be drawn by: some rows ask language models, or used no more than an idle machine.") {
		t.Error("noise is neither drawn nor explained")
	}
	for n := range x.systems {
		why := "intel-rapl:0/energy_uj: permission denied"
		x.systems[n].energy = &results.Energy{Sources: []results.EnergySource{{Name: "cpu", Unavailable: why}}, Fit: []results.Joules{{Unavailable: why}}, Recommend: []results.Joules{{Unavailable: why}}}
	}
	none := pages(x)
	if text := none[board+"plots.html"]; !strings.Contains(text, "joules to be drawn by: cpu: intel-rapl:0/energy_uj: permission denied.") || strings.Contains(text, "against the energy") {
		t.Error(text[:min(len(text), 2000)])
	}
	if strings.Contains(none[board+"index.html"], "cpu J") {
		t.Error("a column of nothing")
	}
	for n := range x.systems {
		x.systems[n].energy = nil
	}
	if text := pages(x)[board+"plots.html"]; !strings.Contains(text, "joules to be drawn by: its record is of a program that measured none.") {
		t.Error("records without energy say nothing")
	}
}
