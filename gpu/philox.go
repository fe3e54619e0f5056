package gpu

import "math"

// Key names a stream of random numbers: what is drawn at a position of it depends on nothing else.
type Key struct{ Seed, Stream uint64 }

// Philox is the counter-based generator philox4x32 with ten rounds (Salmon, Moraes, Dror & Shaw, Parallel Random Numbers:
// As Easy as 1, 2, 3, SC 2011). The seed is its key; the counter is the block's number, low word first, then the
// stream. It is what every device draws its numbers from.
func (k Key) Philox(block uint64) [4]uint32 {
	const m0, m1, w0, w1 = 0xD2511F53, 0xCD9E8D57, 0x9E3779B9, 0xBB67AE85
	c := [4]uint32{uint32(block), uint32(block >> 32), uint32(k.Stream), uint32(k.Stream >> 32)}
	k0, k1 := uint32(k.Seed), uint32(k.Seed>>32)
	for range 10 {
		p0, p1 := uint64(m0)*uint64(c[0]), uint64(m1)*uint64(c[2])
		c = [4]uint32{uint32(p1>>32) ^ c[1] ^ k0, uint32(p1), uint32(p0>>32) ^ c[3] ^ k1, uint32(p0)}
		k0, k1 = k0+w0, k1+w1
	}
	return c
}

// uniform maps a word to [0, 1): its upper 24 bits, which float32 holds exactly.
func uniform(w uint32) float32 { return float32(w>>8) * 0x1p-24 }

// normals makes two normal numbers of two words, by the transform of Box & Muller (1958). The logarithm's argument is in
// (0, 1]. Float64 hides that the elementary functions of different machines differ in their last bit.
func normals(a, b uint32) (x, y float64) {
	radius := math.Sqrt(-2 * math.Log((float64(a)+1)*0x1p-32))
	sin, cos := math.Sincos(2 * math.Pi * float64(b) * 0x1p-32)
	return radius * cos, radius * sin
}

// Four elements share a block of Philox.
func drawUniform(dst []float32, k Key, first int) {
	draw(dst, k, first, func(w [4]uint32) (out [4]float32) {
		for l := range out {
			out[l] = uniform(w[l])
		}
		return out
	})
}

func drawNormal(dst []float32, sd float32, k Key, first int) {
	draw(dst, k, first, func(w [4]uint32) (out [4]float32) {
		for l := 0; l < 4; l += 2 {
			x, y := normals(w[l], w[l+1])
			out[l], out[l+1] = float32(x*float64(sd)), float32(y*float64(sd))
		}
		return out
	})
}

// draw fills dst with the elements from first on, a multiple of 4.
func draw(dst []float32, k Key, first int, four func([4]uint32) [4]float32) {
	for n := 0; n < len(dst); n += 4 {
		out := four(k.Philox(uint64(first+n) / 4))
		copy(dst[n:], out[:])
	}
}
