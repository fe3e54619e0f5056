package table

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"llm4rec/results"
)

// measured gives a record joules: net of training, of 60 lists, of one source or with a second that cannot be read.
func measured(fit, recommend float64, unreadable string) *results.Energy {
	idle := 20.
	e := &results.Energy{
		Sources: []results.EnergySource{{Name: "cpu", Counts: "RAPL of package-0", IdleWatts: &idle, IdleSeconds: 4}},
		Fit:     []results.Joules{results.NewJoules(fit+20, 1, idle)}, Recommend: []results.Joules{results.NewJoules(recommend+40, 2, idle)}, Lists: 60,
	}
	if unreadable != "" {
		e.Sources = append(e.Sources, results.EnergySource{Name: "gpu", Unavailable: unreadable})
		e.Fit, e.Recommend = append(e.Fit, results.Joules{Unavailable: unreadable}), append(e.Recommend, results.Joules{Unavailable: unreadable})
	}
	return e
}

// costOf is the part of the costs of the first table.
func costOf(text string) string { return between(text, "Cost, standard\n", "temporal") }

func TestEnergyColumns(t *testing.T) {
	e := loaded(t, small())
	rows := e.Tables[0].Rows
	plain := output(t, Text, e, Options{CO2: 300})
	if strings.Contains(plain, " J") || !strings.Contains(plain, "CO₂: not told, as no row has the joules") || strings.Contains(output(t, CSV, e, Options{CO2: 300}), "energy") || strings.Contains(output(t, JSON, e, Options{CO2: 300}), "energy") {
		t.Errorf("nothing was measured, and energy is in the table:\n%s", plain)
	}
	rows[0].Records[0].Energy = measured(36, 6, "")
	rows[1].Records[0].Energy = measured(100, -3, "")
	for n := range rows[2].Records {
		rows[2].Records[n].Energy = measured(50, 5, "no library")
	}
	cost := costOf(output(t, Text, e, Options{}))
	for _, want := range []string{"fit cpu J", "cpu J/1000", "fit J", " J/1000", " 36.0 ", " 100 ", "-50.0", "RAPL of package-0", "idle machine (cpu 20.0 W)", "gpu: no library (als)", "a program that measured none (leaky)"} {
		if !strings.Contains(cost, want) {
			t.Errorf("the costs lack %q:\n%s", want, cost)
		}
	}
	for line := range strings.Lines(cost) {
		if f := strings.Fields(line); len(f) > 4 && f[0] == "als" && !slices.Equal(f[len(f)-4:], []string{"50.0", "83.3", none, none}) {
			t.Errorf("a sum without the GPU's joules, or not those of the processors: %s", line)
		}
	}
	if strings.Contains(cost, "CO₂") {
		t.Error("CO₂ without a factor")
	}
	// 36 J are 10 mWh.
	cost = costOf(output(t, Text, e, Options{CO2: 300}))
	for _, want := range []string{"fit mg CO₂", " 3.00 ", "at 300 g a kilowatt-hour, a factor that was given"} {
		if !strings.Contains(cost, want) {
			t.Errorf("the costs lack %q:\n%s", want, cost)
		}
	}
}

func TestEnergyForMachines(t *testing.T) {
	e := loaded(t, small())
	rows := e.Tables[0].Rows
	rows[0].Records[0].Energy = measured(36, 6, "")
	rows[1].Records[0].Energy = measured(50, 5, "no library")
	lines, err := csv.NewReader(strings.NewReader(output(t, CSV, e, Options{CO2: 300}))).ReadAll()
	check(t, err)
	at := func(row int, name string) string {
		n := slices.Index(lines[0], name)
		if n < 0 {
			t.Fatalf("no column %s in %v", name, lines[0])
		}
		return lines[row][n]
	}
	for name, want := range map[string][2]string{
		"energy_fit_joules": {"36", ""}, "energy_joules_per_1000": {"100", ""}, "energy_cpu_joules_per_1000": {"100", "83.33333333333333"}, "energy_fit_cpu_joules": {"36", "50"}, "energy_fit_cpu_raw_joules": {"56", "70"},
		"energy_recommend_cpu_raw_joules": {"46", "45"}, "energy_fit_gpu_joules": {"", ""}, "energy_fit_co2_mg": {"3", ""}, "energy_unavailable": {"", "gpu: no library"},
	} {
		if got := [2]string{at(1, name), at(2, name)}; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if first := slices.IndexFunc(lines[0], func(h string) bool { return strings.HasPrefix(h, "energy_") }); first < slices.Index(lines[0], "timing_hardware") {
		t.Error("energy stands before timing, and what is cut off there would keep it")
	}
	var objects []struct {
		System string
		Energy map[string]*float64
		Seeds  []*results.Energy `json:"energy_by_seed"`
	}
	check(t, json.Unmarshal([]byte(output(t, JSON, e, Options{})), &objects))
	if x := objects[1]; *objects[0].Energy["fit_joules"] != 36 || x.Energy["fit_joules"] != nil || len(x.Seeds) != 1 || x.Seeds[0].Fit[1].Unavailable != "no library" || objects[3].Seeds != nil {
		t.Errorf("%+v", objects)
	}
}

// TestEnergyOfHardware: joules of different hardware share no grid, and a row that ran on two kinds has none.
func TestEnergyOfHardware(t *testing.T) {
	e := loaded(t, small())
	rows := e.Tables[0].Rows
	for _, r := range rows[:3] {
		for n := range r.Records {
			r.Records[n].Energy = measured(36, 6, "")
		}
	}
	rows[1].Records[0].Env.GPU = "GPU A"
	rows[2].Records[1].Env.GPU = "GPU A"
	own := between(output(t, Text, e, Options{}), "Cost, standard, on Example CPU, 2 cores, linux/amd64\n", "Cost, standard, on")
	if !strings.Contains(own, "fit cpu J") || strings.Count(own, " 36.0 ") != 1 || !strings.Contains(own, "its seeds ran on several kinds of hardware (als)") {
		t.Error(own)
	}
}
