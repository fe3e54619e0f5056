// Package results holds what a run measured: records, the ranked ids behind them, and the environment they came from.
//
// A table is computed from what this package stores and from nothing else.
package results

import (
	"strings"
	"time"
)

// Version of the record's form. A reader refuses a later one.
const Version = 1

// Record is the outcome of one cell: one system under one protocol with one seed.
type Record struct {
	Version    int                `json:"version"`
	ID         string             `json:"id"` // Identity.ID()
	Identity   Identity           `json:"identity"`
	Experiment string             `json:"experiment"`
	Status     Status             `json:"status"`
	Error      string             `json:"error,omitempty"`
	Warnings   []string           `json:"warnings,omitempty"`
	Split      string             `json:"split"`              // data.Split.Checksum
	Users      int                `json:"users"`              // asked and counted
	Skipped    map[string]int     `json:"skipped"`            // users not counted, by reason
	Notes      []string           `json:"notes"`              // of the data set
	Unpublish  []string           `json:"unpublish"`          // why this row must not be published; empty: it may be
	Metrics    map[string]float64 `json:"metrics"`            // means, for people who read the record; tables recompute them
	Curve      []Point            `json:"curve,omitempty"`    // of a training that was validated
	LLM        *LLM               `json:"llm,omitempty"`      // of a language model that ranked
	Reasons    *Reasons           `json:"reasons,omitempty"`  // of a system that gives some
	Agent      *Agent             `json:"agent,omitempty"`    // of a system that is an agent, asked once by each user
	Dialogue   *Dialogue          `json:"dialogue,omitempty"` // of an agent that talks with simulated users
	Timing     Timing             `json:"timing"`
	Energy     *Energy            `json:"energy,omitempty"` // nil where a program that measures none ran the cell
	Env        Environment        `json:"environment"`
	Ranks      string             `json:"ranks_sha256"` // of the Parquet file of ranked ids
	Started    time.Time          `json:"started"`
	Finished   time.Time          `json:"finished"`
}

// Status of a cell.
type Status string

const (
	OK          Status = "ok"
	Failed      Status = "failed"
	Unavailable Status = "unavailable" // it needs what is not at hand: a server, a key, a file
)

// Identity is everything that determines a cell's ranked ids. Two cells with one identity are the same cell.
type Identity struct {
	Dataset  string `json:"dataset"`
	Data     string `json:"data"`     // checksum of the content
	Filters  string `json:"filters"`  // canonical JSON
	Protocol string `json:"protocol"` // canonical JSON, without the label
	Label    string `json:"label"`    // the protocol's name in tables
	System   string `json:"system"`
	Model    string `json:"model"`
	Params   string `json:"params"` // canonical JSON, defaults filled in
	Inputs   string `json:"inputs"` // checksum of files that the model reads, if any, then of those of the protocol
	Seed     int64  `json:"seed"`
	Seeded   bool   `json:"seeded"`   // whether the seed matters
	Revision int    `json:"revision"` // of the implementation, declared beside it
	Device   string `json:"device"`   // kind: "cpu", "cuda"
	Depth    int    `json:"depth"`    // length of the stored rankings
	Limit    int    `json:"limit"`    // at most that many users; 0: all

	First       string `json:"first,omitempty"`       // the cell whose answers it ranks again
	Informative bool   `json:"informative,omitempty"` // it was asked for those users alone for whom it could matter
}

// CandidateInput begins the checksum of a protocol's file of candidates, which ends the Inputs.
const CandidateInput = "candidates:"

// Candidates is that checksum, "" where no file says what the candidates are.
func (i Identity) Candidates() string {
	if n := strings.LastIndex(i.Inputs, CandidateInput); n >= 0 {
		return i.Inputs[n+len(CandidateInput):]
	}
	return ""
}

// Timing of a cell.
type Timing struct {
	FitWall          float64 `json:"fit_wall_sec"`              // with the runs of it that were interrupted, until their last checkpoint
	FitEarlier       float64 `json:"fit_earlier_sec,omitempty"` // of that, in those runs
	FitCPU           float64 `json:"fit_cpu_sec"`
	RecommendWall    float64 `json:"recommend_wall_sec"`
	RecommendCPU     float64 `json:"recommend_cpu_sec"`
	QueriesPerSecond float64 `json:"queries_per_sec"` // all workers, in batches
	LatencyP50       float64 `json:"latency_p50_sec"` // one query at a time, nothing else running
	LatencyP95       float64 `json:"latency_p95_sec"`
	LatencyP99       float64 `json:"latency_p99_sec"`
	LatencyQueries   int     `json:"latency_queries"` // how many queries those quantiles rest on
	ScoreWall        float64 `json:"score_wall_sec"`
	PeakMemory       int64   `json:"peak_memory_bytes"` // of the process while the cell ran
	Workers          int     `json:"workers"`
}

// Point is one validation during a training.
type Point struct {
	Epoch   int     `json:"epoch"`
	Loss    float64 `json:"loss"`
	NDCG    float64 `json:"ndcg@10"`
	Seconds float64 `json:"seconds"` // of training up to there
}

// Environment is where a cell ran.
type Environment struct {
	Time    time.Time         `json:"time"`
	OS      string            `json:"os"`
	CPU     string            `json:"cpu"`
	Cores   int               `json:"cores"`
	Memory  int64             `json:"memory_bytes"`
	GPU     string            `json:"gpu"` // "none" where there is none
	Driver  string            `json:"driver"`
	BLAS    string            `json:"blas"`
	Go      string            `json:"go"`
	Modules map[string]string `json:"modules"`
	Commit  string            `json:"commit"`
}

// Ranking is one user's row of the ranked ids.
type Ranking struct {
	User     string    `parquet:"user"`          // raw id
	History  int32     `parquet:"history"`       // its length
	Relevant []int32   `parquet:"relevant,list"` // dense item ids, ascending
	Items    []int32   `parquet:"items,list"`    // dense item ids, best first
	Scores   []float32 `parquet:"scores,list"`
}

// Item is one row of the catalogue that a split was made over.
type Item struct {
	Raw   string `parquet:"raw"`
	Train int64  `parquet:"train"` // its training interactions
}

// Catalogue describes a split: what the metrics beyond accuracy and an export need.
type Catalogue struct {
	Items []Item
	Users int // with training interactions
}
