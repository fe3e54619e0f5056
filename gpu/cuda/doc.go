// Package cuda computes on NVIDIA GPUs. It needs the tag nvidia; without it, and where there is no GPU, [Open] fails.
package cuda
