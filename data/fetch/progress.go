package fetch

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// Progress shows downloads.
type Progress interface {
	// Begin starts showing one of about size bytes, 0 if unknown.
	Begin(name string, size int64) Meter
}

// Meter shows one download.
type Meter interface {
	At(done, total int64) // total is -1 while unknown; done may fall when a download starts anew
	End(ok bool)
}

// Show draws a bar where w is a terminal, and writes log lines elsewhere.
func Show(w io.Writer, log *slog.Logger) Progress {
	if f, ok := w.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		return bars{f}
	}
	return Lines(log)
}

type bars struct{ w io.Writer }

func (b bars) Begin(name string, size int64) Meter {
	p := mpb.New(mpb.WithOutput(b.w), mpb.WithAutoRefresh())
	bar := p.AddBar(0, // a total that may change: the server knows it better
		mpb.PrependDecorators(decor.Name(name+" ")),
		mpb.AppendDecorators(
			decor.CountersKibiByte("% .1f / % .1f "),
			decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO), "done"),
		))
	m := barMeter{p, bar}
	m.At(0, size)
	return m
}

type barMeter struct {
	p   *mpb.Progress
	bar *mpb.Bar
}

func (m barMeter) At(done, total int64) {
	if total > 0 {
		m.bar.SetTotal(total, false)
	}
	m.bar.SetCurrent(done)
}

func (m barMeter) End(ok bool) {
	if ok {
		m.bar.SetTotal(-1, true) // whatever came is all
	} else {
		m.bar.Abort(false)
	}
	m.p.Wait()
}

// Lines writes a log line every few seconds.
func Lines(log *slog.Logger) Progress { return logLines{log} }

type logLines struct{ log *slog.Logger }

// quiet is the least time between two lines.
const quiet = 5 * time.Second

func (l logLines) Begin(name string, size int64) Meter {
	l.log.Info("download", "name", name, "bytes", size)
	return &logMeter{log: l.log.With("name", name), start: time.Now(), last: time.Now()}
}

type logMeter struct {
	log         *slog.Logger
	start, last time.Time
	done        int64
}

func (m *logMeter) At(done, total int64) {
	m.done = done
	if time.Since(m.last) < quiet {
		return
	}
	m.last = time.Now()
	m.log.Info("downloading", "bytes", done, "of", total)
}

func (m *logMeter) End(ok bool) {
	if ok {
		m.log.Info("downloaded", "bytes", m.done, "sec", time.Since(m.start).Seconds())
	}
}
