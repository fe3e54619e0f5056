package tensorboard

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"llm4rec/results"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func record() results.Record {
	return results.Record{
		Identity: results.Identity{System: "sasrec", Label: "standard", Seed: 7, Seeded: true}, Status: results.OK,
		Metrics: map[string]float64{"ndcg@10": .25, "recall@5": .5}, Timing: results.Timing{FitWall: 2, RecommendWall: -1},
		Curve:   []results.Point{{Epoch: 3, Loss: 1.5, NDCG: .125, Seconds: 4}},
		Started: time.Unix(100, 0), Finished: time.Unix(200, 500_000_000),
	}
}

// TestMasked: the example of the TFRecord format's own tests, crc32c("123456789") = 0xe3069283.
func TestMasked(t *testing.T) {
	sum := uint32(0xe3069283)
	if got, want := masked([]byte("123456789")), (sum>>15|sum<<17)+0xa282ead8; got != want {
		t.Errorf("%08x, not %08x", got, want)
	}
}

// TestEvents reads the frames and the fields back.
func TestEvents(t *testing.T) {
	b := Events(record())
	if !bytes.Equal(b, Events(record())) {
		t.Error("the same record gives other bytes")
	}
	type seen struct {
		value float32
		step  uint64
		wall  float64
	}
	got := map[string]seen{}
	for frames := 0; len(b) > 0; frames++ {
		n := binary.LittleEndian.Uint64(b)
		data := b[12 : 12+n]
		if binary.LittleEndian.Uint32(b[8:]) != masked(b[:8]) || binary.LittleEndian.Uint32(b[12+n:]) != masked(data) {
			t.Fatalf("frame %d: checksum", frames)
		}
		b = b[16+n:]
		var tag string
		var x seen
		fields(t, data, func(num protowire.Number, varint, fixed uint64, content []byte) {
			switch int(num) {
			case 1:
				x.wall = math.Float64frombits(fixed)
			case 2:
				x.step = varint
			case 3:
				if tag = string(content); frames != 0 || tag != "brain.Event:2" {
					t.Errorf("frame %d: version %q", frames, tag)
				}
			case 5:
				fields(t, content, func(_ protowire.Number, _, _ uint64, value []byte) {
					fields(t, value, func(num protowire.Number, _, fixed uint64, content []byte) {
						if num == 1 {
							tag = string(content)
						} else {
							x.value = math.Float32frombits(uint32(fixed))
						}
					})
				})
			}
		})
		got[tag] = x
	}
	for tag, want := range map[string]seen{
		"metrics/ndcg@10": {.25, 0, 200.5}, "metrics/recall@5": {.5, 0, 200.5}, "curve/loss": {1.5, 3, 104}, "curve/ndcg@10": {.125, 3, 104}, "timing/fit_wall_sec": {2, 0, 200.5},
	} {
		if got[tag] != want {
			t.Errorf("%s: %+v, not %+v", tag, got[tag], want)
		}
	}
	if _, ok := got["timing/recommend_wall_sec"]; ok {
		t.Error("an unknown time was written")
	}
}

func fields(t *testing.T, b []byte, see func(num protowire.Number, varint, fixed uint64, content []byte)) {
	t.Helper()
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		b = b[max(n, 0):]
		var varint, fixed uint64
		var content []byte
		switch kind {
		case protowire.VarintType:
			varint, n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			fixed, n = protowire.ConsumeFixed64(b)
		case protowire.Fixed32Type:
			var f uint32
			f, n = protowire.ConsumeFixed32(b)
			fixed = uint64(f)
		case protowire.BytesType:
			content, n = protowire.ConsumeBytes(b)
		default:
			n = -1
		}
		if n < 0 {
			t.Fatal("no protobuf")
		}
		see(num, varint, fixed, content)
		b = b[n:]
	}
}

func TestExport(t *testing.T) {
	s, err := results.Open(t.TempDir())
	check(t, err)
	rec, bad := record(), record()
	bad.Identity.System = "../../x"
	check(t, s.Put(rec, []results.Ranking{{User: "1"}}))
	check(t, s.Put(bad, []results.Ranking{{User: "1"}}))
	cells := []results.Cell{{ID: rec.Identity.ID()}, {ID: strings32("later")}}
	check(t, s.WriteManifest(results.Manifest{Experiment: "toy", Cells: cells}))
	dir := t.TempDir()
	folders, err := Export(s, dir)
	check(t, err)
	if want := filepath.Join(dir, "standard", "sasrec-7"); len(folders) != 1 || folders[0] != want {
		t.Errorf("%v, not %s", folders, want)
	}
	if entries, err := os.ReadDir(folders[0]); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
	check(t, s.WriteManifest(results.Manifest{Experiment: "toy", Cells: []results.Cell{{ID: bad.Identity.ID()}}}))
	if _, err := Export(s, dir); err == nil {
		t.Error("a name led out of the folder")
	}
	check(t, s.Close())
}

func strings32(s string) string { return (s + "00000000000000000000000000000000")[:32] }
