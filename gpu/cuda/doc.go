// Package cuda computes on NVIDIA GPUs, by gorgonia.org/cu, cuBLAS and kernels of its own. It needs the tag nvidia, and
// the headers of CUDA 11.8, 12 or 13 to be built; a program that was built with it starts on any machine. Without the tag,
// and where there is no GPU, [Open] fails.
//
// The kernels are in kernels/*.cu, one file a subject; 'make ptx' translates them, and the translations are part of the
// program, so that a build needs no nvcc. A kernel for a new model goes into a file of its own there; its operation, into
// the interface of package gpu, its reference and its checks.
package cuda
