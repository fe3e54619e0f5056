package mlflow

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"llm4rec/results"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// tracking is a server with as much of MLflow's behaviour as an export sees. A real one is tried by bench/peers/check_exports.py.
type tracking struct {
	experiments map[string]string
	runs        []*run
	failAt      string // a call that fails once
	batches     []int  // how many metrics each had
}

type run struct {
	id, cell, status string
	params           map[string]string
	metrics          map[string]float64
}

func (s *tracking) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := strings.TrimPrefix(r.URL.Path, "/api/2.0/mlflow/")
	if call == s.failAt {
		s.failAt = ""
		w.WriteHeader(http.StatusBadGateway)
		_, _ = fmt.Fprint(w, "<html>proxy</html>")
		return
	}
	var in struct {
		Name   string  `json:"name"`
		Filter string  `json:"filter"`
		RunID  string  `json:"run_id"`
		Status string  `json:"status"`
		Tags   []pair  `json:"tags"`
		Params []pair  `json:"params"`
		Points []point `json:"metrics"`
	}
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
	}
	answer := map[string]any{}
	switch call {
	case "experiments/get-by-name":
		id, ok := s.experiments[r.URL.Query().Get("experiment_name")]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			answer = map[string]any{"error_code": notThere, "message": "no such experiment"}
			break
		}
		answer["experiment"] = map[string]string{"experiment_id": id, "lifecycle_stage": "active"}
	case "experiments/create":
		s.experiments[in.Name] = "7"
		answer["experiment_id"] = "7"
	case "runs/search":
		var found []any
		for _, x := range s.runs {
			if in.Filter == "tags.`llm4rec.cell` = '"+x.cell+"'" {
				found = append(found, map[string]any{"info": info{x.id, x.status}})
			}
		}
		answer["runs"] = found
	case "runs/create":
		x := &run{id: fmt.Sprint("r", len(s.runs)), cell: in.Tags[0].Value, status: "RUNNING", params: map[string]string{}, metrics: map[string]float64{}}
		s.runs = append(s.runs, x)
		answer["run"] = map[string]any{"info": info{x.id, x.status}}
	case "runs/log-batch":
		s.batches = append(s.batches, len(in.Points))
		x := s.byID(in.RunID)
		for _, p := range in.Params {
			x.params[p.Key] = p.Value
		}
		for _, p := range in.Points {
			x.metrics[p.Key] = p.Value
		}
	case "runs/update":
		s.byID(in.RunID).status = in.Status
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *tracking) byID(id string) *run {
	for _, x := range s.runs {
		if x.id == id {
			return x
		}
	}
	return nil
}

func store(t *testing.T) *results.Store {
	t.Helper()
	s, err := results.Open(t.TempDir())
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	m := results.Manifest{Experiment: "toy", Metrics: []string{"ndcg@10"}}
	for n, system := range []string{"pop", "sasrec", "later"} {
		rec := results.Record{
			Identity: results.Identity{System: system, Label: "standard", Params: `{"alpha":0.5,"norm":"kang","none":""}`, Seed: int64(n), Seeded: n > 0},
			Status:   results.OK, Metrics: map[string]float64{"ndcg@10": .1 + float64(n)}, Timing: results.Timing{FitWall: 1, FitCPU: -1},
			Started: time.Unix(10, 0), Finished: time.Unix(20, 0),
		}
		if system == "sasrec" {
			for e := range 600 {
				rec.Curve = append(rec.Curve, results.Point{Epoch: e, Loss: 1 / float64(e+1)})
			}
		}
		m.Cells = append(m.Cells, results.Cell{ID: rec.Identity.ID(), System: system})
		if system != "later" {
			check(t, s.Put(rec, []results.Ranking{{User: "1"}}))
		}
	}
	check(t, s.WriteManifest(m))
	return s
}

// TestExport: what was sent is not sent again, and an export that was interrupted is completed in the run that it began.
func TestExport(t *testing.T) {
	fake := &tracking{experiments: map[string]string{}, failAt: "runs/update"}
	server := httptest.NewServer(fake)
	defer server.Close()
	s, to := store(t), Server{URL: server.URL + "/"}

	_, err := Export(t.Context(), to, s)
	var refused *Error
	if !errors.As(err, &refused) || refused.Status != http.StatusBadGateway || !strings.Contains(err.Error(), "no answer of MLflow's") {
		t.Fatalf("behind a proxy: %v", err)
	}
	for n, want := range []Sent{{"7", 2, 0}, {"7", 0, 2}} {
		sent, err := Export(t.Context(), to, s)
		check(t, err)
		if sent != want || len(fake.runs) != 2 {
			t.Errorf("export %d: %+v, %d runs on the server", n, sent, len(fake.runs))
		}
	}
	pop, sasrec := fake.runs[0], fake.runs[1]
	if pop.status != "FINISHED" || pop.metrics["ndcg_at_10"] != .1 || pop.metrics["timing/fit_wall_sec"] != 1 || pop.params["params.norm"] != "kang" || pop.params["params.alpha"] != "0.5" {
		t.Errorf("%+v", pop)
	}
	if _, ok := pop.metrics["timing/fit_cpu_sec"]; ok {
		t.Error("an unknown time was sent")
	}
	if sasrec.metrics["curve/loss"] != 1./600 {
		t.Errorf("%+v", sasrec.metrics)
	}
	for _, n := range fake.batches {
		if n > maxMetrics {
			t.Errorf("a batch of %d metrics", n)
		}
	}
}

func TestNobodyThere(t *testing.T) {
	if _, err := Export(t.Context(), Server{URL: "http://127.0.0.1:1"}, store(t)); err == nil || !strings.Contains(err.Error(), "experiments/get-by-name") {
		t.Errorf("%v", err)
	}
}
