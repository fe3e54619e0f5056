package results

import (
	"encoding/json"
	"strings"
	"testing"
)

func watts(w float64) *float64 { return &w }

// energy of a machine that uses 10 W when it is idle, whose GPU cannot be read while it recommends.
func energy() *Energy {
	return &Energy{
		Sources: []EnergySource{{Name: "cpu", IdleWatts: watts(10), IdleSeconds: 4}, {Name: "gpu", IdleWatts: watts(50), IdleSeconds: 4}},
		Fit:     []Joules{NewJoules(100, 3, 10), NewJoules(400, 3, 50)}, Recommend: []Joules{NewJoules(15, 2, 10), {Unavailable: "lost"}}, Lists: 200,
	}
}

func TestNetJoules(t *testing.T) {
	e := energy()
	if x := NetJoules(e.Fit); x == nil || *x != 70+250 {
		t.Errorf("fit: %v", x)
	}
	if x := NetJoules(e.Recommend); x != nil || e.PerThousand(x) != nil {
		t.Errorf("a sum of which a part is not known: %v", *x)
	}
	e.Recommend[1] = NewJoules(100, 2, 50)
	if x := e.PerThousand(NetJoules(e.Recommend)); x == nil || *x != -5*5 { // less than an idle machine: as it was counted
		t.Errorf("of a thousand lists: %v", x)
	}
	if NetJoules(nil) != nil {
		t.Error("nothing that was measured has joules")
	}
}

// TestEnergyIsStored: a record without energy has the bytes that it always had, and what is unavailable has no figure.
func TestEnergyIsStored(t *testing.T) {
	b, err := json.Marshal(Record{})
	must(t, err)
	if strings.Contains(string(b), "energy") {
		t.Errorf("%s", b)
	}
	b, err = json.Marshal(Record{Energy: energy()})
	must(t, err)
	if !strings.Contains(string(b), `"recommend":[{"raw_joules":15,"net_joules":-5,"sec":2},{"unavailable":"lost"}]`) {
		t.Errorf("%s", b)
	}
	var back Record
	must(t, json.Unmarshal(b, &back))
	must(t, back.Energy.Check())
}

func TestEnergyCheck(t *testing.T) {
	for want, change := range map[string]func(*Energy){
		"net 71 J":                   func(e *Energy) { *e.Fit[0].Net = 71 },
		"raw 101 J":                  func(e *Energy) { *e.Fit[0].Raw = 101 },
		"less 11 W":                  func(e *Energy) { *e.Sources[0].IdleWatts = 11 },
		"for 4 s":                    func(e *Energy) { e.Fit[1].Seconds = 4 },
		"no figure, and no reason":   func(e *Energy) { e.Fit[1] = Joules{} },
		"unavailable, and has":       func(e *Energy) { e.Fit[0].Unavailable = "lost" },
		"fit has 1 figures of 2":     func(e *Energy) { e.Fit = e.Fit[:1] },
		"recommend, gpu: no figure,": func(e *Energy) { e.Recommend[1].Unavailable = "" },
	} {
		e := energy()
		must(t, e.Check())
		change(e)
		if err := e.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}
