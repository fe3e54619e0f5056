package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"llm4rec/bench"
	"llm4rec/results"
)

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// progress shows a run: a bar on a terminal, log lines elsewhere.
type progress struct {
	log       *slog.Logger
	container *mpb.Progress // nil off a terminal
	bar       *mpb.Bar

	mu    sync.Mutex
	stage string
	of    pace // of the stage
	last  time.Time
}

// quietTime is the least time between two log lines about one stage.
const quietTime = 10 * time.Second

func newProgress(g *globals) *progress {
	p := &progress{}
	out := g.stderr
	if isTerminal(g.stderr) {
		p.container = mpb.New(mpb.WithOutput(g.stderr), mpb.WithAutoRefresh())
		out = p.container // log lines go above the bar
	}
	p.log = g.logger(out)
	return p
}

func (p *progress) Begin(experiment string, cells, done int) {
	if p.container == nil {
		p.log.Info("run", "experiment", experiment, "cells", cells, "done_before", done)
		return
	}
	p.begin(experiment, cells, "cells")
	p.bar.SetRefill(int64(done))
	p.bar.SetCurrent(int64(done))
}

// begin shows the bar.
func (p *progress) begin(name string, total int, unit string) {
	p.bar = p.container.AddBar(int64(total),
		mpb.PrependDecorators(decor.Name(name+" ")),
		mpb.AppendDecorators(
			decor.CountersNoUnit("%d/%d "+unit+" "),
			decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO), "done"),
			decor.OnComplete(decor.Any(func(decor.Statistics) string {
				p.mu.Lock()
				defer p.mu.Unlock()
				return "  " + p.stage
			}), ""),
		))
}

func (p *progress) Stage(cell, stage string, done, total int, note string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stage = cell + " · " + stage
	left := p.of.left(p.stage, done, total, time.Now())
	if total > 0 {
		p.stage += percent(done, total)
	}
	if left > 0 {
		p.stage += " · " + left.String() + " left"
	}
	if note != "" {
		p.stage += " · " + note
	}
	if p.container != nil {
		return
	}
	if done > 0 && time.Since(p.last) >= quietTime {
		p.log.Info("running", "cell", cell, "stage", stage, "done", done, "of", total, "left", left, "note", note)
		p.last = time.Now()
	} else if done == 0 {
		p.last = time.Now()
	}
}

// pace is how fast a stage goes, from where it was first heard of: what an earlier run had done of it took no time.
type pace struct {
	stage string
	began time.Time
	from  int
}

// left is an estimate of the time that a stage still takes, 0 where nothing is known.
func (p *pace) left(stage string, done, total int, now time.Time) time.Duration {
	if p.stage != stage || done < p.from {
		*p = pace{stage, now, done}
	}
	if done == p.from || total <= done {
		return 0
	}
	each := now.Sub(p.began) / time.Duration(done-p.from)
	return (each * time.Duration(total-done)).Round(time.Second)
}

func percent(done, total int) string {
	return fmt.Sprintf(" %d%%", 100*done/total)
}

func (p *progress) End(cell string, rec results.Record) {
	switch {
	case rec.Status == results.Failed:
		p.log.Error("cell failed", "cell", cell, "error", rec.Error)
	case rec.Status == results.Unavailable:
		p.log.Warn("cell unavailable", "cell", cell, "why", rec.Error)
	case p.container == nil:
		p.log.Info("cell", "name", cell, "fit_sec", rec.Timing.FitWall, "recommend_sec", rec.Timing.RecommendWall)
	}
	if p.bar != nil {
		p.bar.Increment()
	}
}

// finish leaves the bar as it is, complete or not, and waits until it is drawn.
func (p *progress) finish(complete bool) {
	if p.bar == nil {
		return
	}
	if !complete {
		p.bar.Abort(false)
	}
	p.bar.Wait()
	p.bar = nil
}

var _ bench.Progress = (*progress)(nil)
