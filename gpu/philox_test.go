package gpu

import (
	"math"
	"testing"
)

// The known answers of philox4x32 with ten rounds in Random123 (kat_vectors).
func TestPhilox(t *testing.T) {
	for _, c := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{want: [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{
			[4]uint32{math.MaxUint32, math.MaxUint32, math.MaxUint32, math.MaxUint32}, [2]uint32{math.MaxUint32, math.MaxUint32},
			[4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
		},
		{
			[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
		},
	} {
		word := func(low, high uint32) uint64 { return uint64(high)<<32 | uint64(low) }
		k := Key{Seed: word(c.key[0], c.key[1]), Stream: word(c.counter[2], c.counter[3])}
		if got := k.Philox(word(c.counter[0], c.counter[1])); got != c.want {
			t.Errorf("counter %08x, key %08x: got %08x, want %08x", c.counter, c.key, got, c.want)
		}
	}
}

func TestDraws(t *testing.T) {
	if got := uniform(math.MaxUint32); got != 1-0x1p-24 {
		t.Errorf("the largest uniform number is %v, want %v", got, 1-0x1p-24)
	}
	if got := uniform(0xff); got != 0 {
		t.Errorf("the lowest bits count: %v", got)
	}
	// √(−2·ln 2⁻³²) is the longest radius; a quarter turn is y alone, half a turn −x.
	longest := math.Sqrt(64 * math.Ln2)
	if x, y := normals(0, 1<<30); math.Abs(x) > 1e-14 || math.Abs(y-longest) > 1e-14 {
		t.Errorf("got %v, %v, want 0, %v", x, y, longest)
	}
	if x, y := normals(0, 1<<31); math.Abs(x+longest) > 1e-14 || math.Abs(y) > 1e-14 {
		t.Errorf("got %v, %v, want %v, 0", x, y, -longest)
	}
	if x, y := normals(math.MaxUint32, 5); x != 0 || y != 0 {
		t.Errorf("got %v, %v, want 0, 0", x, y)
	}
}
