package perf

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"llm4rec/bench/peers"
	"llm4rec/data"
	"llm4rec/data/atomic"
)

// recBoleBatch is RecBole's default.
const recBoleBatch = 2048

// startRecBole starts RecBole's SASRec on a data set, with its own defaults but for the length.
func (a Curves) startRecBole(ctx context.Context, d *data.Dataset) (*peer, error) {
	// Threads that spin while they wait would take the time of whoever else is measured.
	environment := []string{fmt.Sprintf("OMP_NUM_THREADS=%d", threads()), "OMP_WAIT_POLICY=passive"}
	return startPeer(ctx, a.RecBole, peers.RecBole, environment, func(dir string) error {
		return errors.Join(
			writeJob(dir, struct {
				MaxLength int    `json:"max_length"`
				Batch     int    `json:"batch"`
				Threads   int    `json:"threads"`
				Seed      uint64 `json:"seed"`
			}{a.Config.MaxLength, recBoleBatch, threads(), a.Config.Seed}),
			writeRecBole(dir, d),
		)
	})
}

// writeRecBole writes the interactions, whose times are their places: RecBole leaves ties to chance, and its split is ours so.
func writeRecBole(dir string, d *data.Dataset) error {
	to := filepath.Join(dir, "data")
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(to, "data.inter"))
	if err != nil {
		return err
	}
	inter := d.Inter
	inter.Time = make([]int64, inter.Len())
	for n := range inter.Time {
		inter.Time[n] = int64(n)
	}
	w := bufio.NewWriter(f)
	return errors.Join(atomic.WriteInter(w, d.Users, d.Items, inter), w.Flush(), f.Close())
}

// recBole is RecBole's curve, or the time of some of its batches.
func (a Curves) recBole(ctx context.Context, d *data.Dataset) (_ Curve, _ *Projection, err error) {
	p, err := a.startRecBole(ctx, d)
	if err != nil {
		return Curve{}, nil, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if a.Batches > 0 {
		out := &Projection{Name: p.name, Timed: a.Batches}
		var wall float64
		if err := p.question(fmt.Sprint(a.Batches), &wall, &out.Batches); err != nil {
			return Curve{}, nil, err
		}
		out.Seconds = wall / float64(out.Timed) * float64(out.Batches)
		return Curve{}, out, ctx.Err()
	}
	c, err := a.follow(p.name, recBoleEpochs, recBolePatience, func() (wall, cpu, ndcg float64, err error) {
		var targets int
		var r10, r20 float64
		err = p.question("", &wall, &cpu, &targets, &ndcg, &r10, &r20)
		return wall, cpu, ndcg, errors.Join(err, ctx.Err())
	})
	return c, nil, err
}
