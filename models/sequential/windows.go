package sequential

import (
	"llm4rec/data"
)

// window is a part of a user's history: its inputs, and the targets of their positions, −1 where there is none.
type window struct{ inputs, targets []int32 }

// histories are the users' training items, oldest first.
func histories(train *data.Train) [][]int32 {
	out := make([][]int32, train.NumUsers)
	x := train.Inter
	for lo := 0; lo < x.Len(); {
		hi := lo
		for hi < x.Len() && x.User[hi] == x.User[lo] {
			hi++
		}
		out[x.User[lo]] = x.Item[lo:hi]
		lo = hi
	}
	return out
}

// cut makes the windows of all histories. Whatever follows from a history of one item is nothing.
func (s *Spec) cut(histories [][]int32) []window {
	var out []window
	length := s.MaxLength
	for user, h := range histories {
		if s.ByUser {
			for n := range h {
				out = append(out, window{[]int32{int32(user)}, h[n : n+1]})
			}
			continue
		}
		if s.Masked > 0 {
			// Which items are targets is drawn anew in every epoch. One place is left for the mask that asks for the next item.
			for end := len(h); end > 0; end -= length - 1 {
				lo := max(0, end-(length-1))
				out = append(out, window{inputs: h[lo:end]})
				if s.Windows == WindowsLast || lo == 0 {
					break
				}
			}
			continue
		}
		for end := len(h) - 1; end > 0; {
			lo := max(0, end-length)
			w := window{h[lo:end], h[lo+1 : end+1]}
			switch s.Windows {
			case WindowsPrefixes:
				w.targets = make([]int32, end-lo)
				for n := range w.targets {
					w.targets[n] = -1
				}
				w.targets[end-lo-1] = h[end]
				end--
			case WindowsLast:
				end = 0
			default:
				end = lo
			}
			out = append(out, w)
		}
	}
	return out
}
