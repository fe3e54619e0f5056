package explain

import (
	"cmp"
	"math"
	"slices"
)

// nearest are the items of a history that are near to an item by item-kNN's cosine, the nearest first, the newer one of two
// that are equally near. An item that nobody took together with it is not near.
func (x *Items) nearest(item int32, history []int32) []Grounds {
	own, _ := x.takers.Row(item)
	mark, _ := x.marks.Get().(*[]bool)
	if mark == nil {
		all := make([]bool, x.takers.Cols)
		mark = &all
	}
	for _, u := range own {
		(*mark)[u] = true
	}
	var out []Grounds
	for _, h := range slices.Backward(history) {
		if h == item {
			continue
		}
		other, _ := x.takers.Row(h)
		n := 0
		for _, u := range other {
			if (*mark)[u] {
				n++
			}
		}
		if n > 0 {
			out = append(out, Grounds{h, float64(n) / math.Sqrt(float64(len(own))*float64(len(other))), n})
		}
	}
	for _, u := range own {
		(*mark)[u] = false
	}
	x.marks.Put(mark)
	slices.SortStableFunc(out, func(a, b Grounds) int { return cmp.Compare(b.Cosine, a.Cosine) })
	return out
}

// grounds are those of the items given, in their order.
func (x *Items) grounds(item int32, cited []int32) []Grounds {
	known := map[int32]Grounds{}
	for _, g := range x.nearest(item, cited) {
		known[g.Item] = g
	}
	var out []Grounds
	for _, h := range cited {
		g := known[h]
		g.Item = h
		out = append(out, g)
	}
	return out
}

// likeness is what an item and one of the history have in common: values of one field.
type likeness struct {
	item   int32
	field  string
	values []string
}

// alike is, of the items given, the first with the most values in common with an item, in the first field in which any has one.
func (x *Items) alike(item int32, with []int32) (likeness, bool) {
	for _, name := range x.Names {
		var best likeness
		for _, h := range with {
			if h == item {
				continue
			}
			var shared []string
			for _, v := range x.Values[name][item] {
				if slices.Contains(x.Values[name][h], v) {
					shared = append(shared, v)
				}
			}
			if len(shared) > len(best.values) {
				best = likeness{h, name, shared}
			}
		}
		if len(best.values) > 0 {
			return best, true
		}
	}
	return likeness{}, false
}
