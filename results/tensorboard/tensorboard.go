// Package tensorboard writes stored results as event files that TensorBoard shows: a folder for each finished cell, with its
// metrics, its timing, and the curve of its training.
//
// An event file is a sequence of records in the TFRecord format, each an Event of tensorflow/core/util/event.proto. The few
// fields in use are written here: the generated types would bring TensorFlow's protocol along. Values are float32, as
// TensorBoard's scalars are.
package tensorboard

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"llm4rec/results"
)

// Export writes the finished cells of a store's plan below dir, as PROTOCOL/SYSTEM or PROTOCOL/SYSTEM-SEED, and returns their
// folders. The same record gives the same file.
func Export(store *results.Store, dir string) ([]string, error) {
	records, err := store.Finished()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, rec := range records {
		name := rec.Identity.System
		if rec.Identity.Seeded {
			name += fmt.Sprintf("-%d", rec.Identity.Seed)
		}
		if !filepath.IsLocal(rec.Identity.Label) || !filepath.IsLocal(name) { // the results may be somebody else's
			return nil, fmt.Errorf("tensorboard: %q and %q are no names of folders", rec.Identity.Label, name)
		}
		to := filepath.Join(dir, rec.Identity.Label, name)
		if err := os.MkdirAll(to, 0o777); err != nil {
			return nil, fmt.Errorf("tensorboard: %w", err)
		}
		// TensorBoard takes files with this beginning for its own.
		file := fmt.Sprintf("events.out.tfevents.%010d.llm4rec.%s", rec.Finished.Unix(), rec.ID)
		if err := os.WriteFile(filepath.Join(to, file), Events(rec), 0o666); err != nil {
			return nil, fmt.Errorf("tensorboard: %w", err)
		}
		out = append(out, to)
	}
	return out, nil
}

// Events is the event file of a record.
func Events(rec results.Record) []byte {
	var b bytes.Buffer
	b.Write(framed(event(rec.Started, 0, func(e []byte) []byte {
		return protowire.AppendString(protowire.AppendTag(e, 3, protowire.BytesType), "brain.Event:2") // file_version: first, and required
	})))
	for _, p := range rec.Curve {
		at := rec.Started.Add(time.Duration(p.Seconds * float64(time.Second)))
		b.Write(framed(scalar(at, p.Epoch, "curve/loss", p.Loss)))
		b.Write(framed(scalar(at, p.Epoch, "curve/ndcg@10", p.NDCG)))
	}
	for _, name := range slices.Sorted(maps.Keys(rec.Metrics)) {
		b.Write(framed(scalar(rec.Finished, 0, "metrics/"+name, rec.Metrics[name])))
	}
	t := rec.Timing
	for _, x := range []struct {
		name  string
		value float64
	}{
		{"fit_wall_sec", t.FitWall}, {"recommend_wall_sec", t.RecommendWall}, {"queries_per_sec", t.QueriesPerSecond},
		{"latency_p50_sec", t.LatencyP50}, {"latency_p95_sec", t.LatencyP95}, {"peak_memory_bytes", float64(t.PeakMemory)},
	} {
		if x.value >= 0 { // unknown
			b.Write(framed(scalar(rec.Finished, 0, "timing/"+x.name, x.value)))
		}
	}
	return b.Bytes()
}

// scalar is an Event with a Summary of one value: its tag is field 1 of a Value, its simple_value field 2.
func scalar(at time.Time, step int, tag string, value float64) []byte {
	v := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), tag)
	v = protowire.AppendFixed32(protowire.AppendTag(v, 2, protowire.Fixed32Type), math.Float32bits(float32(value)))
	summary := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), v)
	return event(at, step, func(e []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(e, 5, protowire.BytesType), summary)
	})
}

// event is an Event: wall_time is field 1, step field 2, and what comes after is what.
func event(at time.Time, step int, what func([]byte) []byte) []byte {
	e := protowire.AppendFixed64(protowire.AppendTag(nil, 1, protowire.Fixed64Type), math.Float64bits(float64(at.UnixNano())/1e9))
	e = protowire.AppendVarint(protowire.AppendTag(e, 2, protowire.VarintType), uint64(step))
	return what(e)
}

// framed is a TFRecord: the length, its masked checksum, the data, and theirs.
func framed(data []byte) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	out = binary.LittleEndian.AppendUint32(out, masked(out))
	out = append(out, data...)
	return binary.LittleEndian.AppendUint32(out, masked(data))
}

// masked is the CRC-32C that TFRecord stores: rotated and moved, as checksums of data that hold checksums are weak.
func masked(data []byte) uint32 {
	sum := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return (sum>>15 | sum<<17) + 0xa282ead8
}
