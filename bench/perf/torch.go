package perf

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"llm4rec/bench/peers"
	"llm4rec/data"
	"llm4rec/models/sasrec"
	"llm4rec/models/sequential"
)

// torchJob is what sasrec_torch.py is told.
type torchJob struct {
	sasrec.Config
	Items   int    `json:"items"`
	Inner   int    `json:"inner"`
	Packed  bool   `json:"packed"`
	Exclude bool   `json:"exclude"`
	Threads int    `json:"threads"`
	Seed    uint64 `json:"seed"`
}

// startTorch starts PyTorch's SASRec on the windows of ours. Packed, it leaves padding out before the softmax. With
// questions, it can also be asked for whole epochs, which it validates.
func startTorch(ctx context.Context, python string, c sasrec.Config, train *data.Train, q *questions, packed bool) (*peer, error) {
	if c.Loss != sequential.Softmax || c.Positions == "none" || !c.Tied || c.Masked > 0 {
		return nil, errors.New("perf: the peer has full cross-entropy, positions, one table of items and no masks alone")
	}
	job := torchJob{Config: c, Items: train.NumItems, Inner: cmp.Or(c.Inner, c.Hidden), Packed: packed, Threads: threads(), Seed: c.Seed}
	indptr, items, targets := c.Spec().Packed(train)
	// PyTorch is left to place its threads, which it does well.
	return startPeer(ctx, python, peers.SASRec, []string{fmt.Sprintf("OMP_NUM_THREADS=%d", job.Threads)}, func(dir string) error {
		err := errors.Join(
			writeArray(filepath.Join(dir, "windows.indptr"), indptr),
			writeArray(filepath.Join(dir, "windows.items"), items),
			writeArray(filepath.Join(dir, "windows.targets"), targets),
		)
		if q != nil {
			job.Exclude = q.exclude
			err = errors.Join(err, q.write(dir))
		}
		return errors.Join(err, writeJob(dir, job))
	})
}

// train asks for steps until the time is over.
func (p *peer) train(w time.Duration) (targets int, wall, cpu float64, err error) {
	err = p.question(fmt.Sprint(w.Seconds()), &targets, &wall, &cpu)
	return targets, wall, cpu, err
}
