package index

import (
	"context"
	"errors"
	"math"
	"slices"

	"llm4rec/gpu"
	"llm4rec/models"
)

// onDevice is exact on a device with memory of its own. The device multiplies matrices and finds the largest scores of every tile;
// the host gives those few their exact score, and sees whether what a tile left out could matter. Where it could, as among
// many equal vectors, the host searches. So the answers are those of the CPU to the last bit.
type onDevice struct {
	exact   *exact
	device  gpu.Device
	vectors gpu.Matrix // under L2 with one more column, −‖y‖²/2
}

// Scores are made for a tile of queries × items: 64 MiB. A few more than k are taken from each, which vectors that are equal,
// or nearly, may fill.
const (
	deviceQueries = 256
	deviceItems   = 65536
	spare         = 32
)

func (x *exact) on(d gpu.Device, vectors []float32) (_ Index, err error) {
	out := &onDevice{exact: x, device: d}
	wide := x.widen(vectors, x.items.Halves())
	if out.vectors, err = d.Alloc(x.Len(), len(wide)/max(1, x.Len())); err != nil {
		return nil, err
	}
	if err := d.Upload(out.vectors, wide); err != nil {
		return nil, errors.Join(err, out.Close())
	}
	return out, nil
}

// widen puts one more column behind vectors, if there is one.
func (x *exact) widen(vectors, column []float32) []float32 {
	if column == nil {
		return vectors
	}
	out := make([]float32, 0, len(vectors)+len(column))
	for n, c := range column {
		out = append(append(out, vectors[n*x.dim:(n+1)*x.dim]...), c)
	}
	return out
}

func (x *onDevice) Len() int     { return x.exact.Len() }
func (x *onDevice) Dim() int     { return x.exact.dim }
func (x *onDevice) Bytes() int64 { return x.exact.bytes + x.vectors.Bytes() }

func (x *onDevice) Close() error {
	x.device.Free(x.vectors)
	x.vectors = gpu.Matrix{}
	return nil
}

func (x *onDevice) Retrieve(ctx context.Context, queries []float32, k int) ([][]models.Scored, error) {
	checkK(k)
	if err := check("query", queries, x.Dim()); err != nil {
		return nil, err
	}
	count := len(queries) / x.Dim()
	out := make([][]models.Scored, 0, count)
	for lo := 0; lo < count; lo += deviceQueries {
		some := queries[lo*x.Dim() : min(count, lo+deviceQueries)*x.Dim()]
		found, err := x.tiles(ctx, some, k)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, ctx.Err()
}

// nothing is below every estimate, which are finite.
const nothing = -math.MaxFloat32

// candidates are what the tiles found for one query.
type candidates struct {
	items     []int32
	estimates []float32
	left      float32 // no item that was left out has a higher estimate
}

// tiles answers as many queries as a tile has.
func (x *onDevice) tiles(ctx context.Context, queries []float32, k int) (_ [][]models.Scored, err error) {
	count, n := len(queries)/x.Dim(), x.Len()
	all := make([]candidates, count)
	for q := range all {
		all[q].left = nothing
	}
	if n > 0 {
		if err := x.search(ctx, queries, min(k, n), all); err != nil {
			return nil, err
		}
	}
	out := make([][]models.Scored, count)
	for q, c := range all {
		vector := queries[q*x.Dim() : (q+1)*x.Dim()]
		best, ok := x.exact.items.Confirm(vector, c.items, c.estimates, k, c.left)
		if !ok && c.left > nothing {
			searched, err := x.exact.Retrieve(ctx, vector, k)
			if err != nil {
				return nil, err
			}
			best = searched[0]
		}
		out[q] = best
	}
	return out, nil
}

// search collects the best of every tile.
func (x *onDevice) search(ctx context.Context, queries []float32, k int, all []candidates) (err error) {
	ones := slices.Repeat([]float32{1}, len(all))
	if x.exact.items.Halves() == nil {
		ones = nil
	}
	width := min(deviceItems, x.Len())
	take := min(k+spare, width)
	var m [3]gpu.Matrix // queries, scores, the best of them
	for i, cols := range []int{x.vectors.Cols, width, take} {
		var failed error
		m[i], failed = x.device.Alloc(len(all), cols)
		err = errors.Join(err, failed)
	}
	ids, failed := x.device.AllocInts(len(all) * take)
	defer func() { x.device.Free(m[0], m[1], m[2], ids) }()
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	if err := x.device.Upload(m[0], x.exact.widen(queries, ones)); err != nil {
		return err
	}
	items, estimates := make([]int32, len(all)*take), make([]float32, len(all)*take)
	for lo := 0; lo < x.Len(); lo += width {
		if err := ctx.Err(); err != nil {
			return err
		}
		cols := min(width, x.Len()-lo)
		here := min(take, cols)
		scores, best, places := m[1].As(len(all), cols), m[2].As(len(all), here), ids.Head(len(all)*here)
		tile := gpu.Tile{M: x.vectors, Rows: cols, Cols: x.vectors.Cols, Offset: lo * x.vectors.Cols, Stride: x.vectors.Cols}
		items, estimates := items[:len(all)*here], estimates[:len(all)*here]
		err := errors.Join(
			x.device.Gemm(scores.Tile(), m[0].Tile(), tile.T(), 1, 0, 1),
			x.device.TopK(places, best, scores, nil),
			x.device.DownloadInts(items, places),
			x.device.Download(estimates, best),
		)
		if err != nil {
			return err
		}
		for q := range all {
			all[q].add(lo, items[q*here:(q+1)*here], estimates[q*here:(q+1)*here], here < cols)
		}
	}
	return nil
}

// add adds the best of a tile that begins at item lo; more says that it had others.
func (c *candidates) add(lo int, items []int32, estimates []float32, more bool) {
	for n, i := range items {
		c.items, c.estimates = append(c.items, int32(lo)+i), append(c.estimates, estimates[n])
	}
	if more {
		c.left = max(c.left, estimates[len(estimates)-1])
	}
}

// Answer asks the device for what is to be masked too. Candidates are few: the host scores those.
func (x *onDevice) Answer(ctx context.Context, vectors []float32, queries []models.Query) ([][]models.Scored, error) {
	if slices.ContainsFunc(queries, func(q models.Query) bool { return q.Candidates != nil }) {
		return x.exact.Answer(ctx, vectors, queries)
	}
	return filtered(ctx, x, vectors, queries)
}

var _ masker = (*onDevice)(nil)
