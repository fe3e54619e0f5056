// Package gpu is what models compute on: a [Device] with memory of its own, and three of them: plain Go ([Reference]),
// the CPU with its BLAS and kernels in C ([CPU]), and, in package cuda, a GPU.
//
// Numbers are float32 in memory. Sums that lose too much in float32 are made in float64. A result does not depend on the
// number of workers; the last bits depend on the device, and on a CPU on its type, since the kernels of BLAS do.
package gpu

import "context"

// Device is a place to compute. Its operations may run later than the call that asks for them returns, in the order of
// the calls; [Device.Download] and Sync wait for them, and return what went wrong until then. Contents of memory are
// undefined from an error on.
//
// A call with operands that do not fit together, or that belong to another device, panics: it is a mistake of the program.
// Memory that is not to be had, or a device that fails, is an error. A device is safe for concurrent use, as far as the
// calls do not touch the same memory.
type Device interface {
	Name() string  // what asks for it: "cpu", "cuda:0"
	Kind() string  // the kind of machine: "cpu", "cuda"
	About() string // the hardware, driver and libraries that shape its results

	Memory
	Algebra
	Rows
	Random
	ImplicitFeedback
	Neural

	// Sync waits for all that was asked for.
	Sync() error
	// Close frees what the device holds. Its memory must have been freed before.
	Close() error
}

// Metered is a device that counts the energy it uses.
type Metered interface {
	// Joules is what the hardware used since its driver was loaded, for whatever program.
	Joules() (float64, error)
}

// Memory is a device's memory. Contents of new memory are undefined.
type Memory interface {
	Alloc(rows, cols int) (Matrix, error)
	AllocInts(n int) (Ints, error)
	// NewSparse brings a sparse matrix to the device. The device may use the slices that it is given for as long as the
	// matrix lives: they must not change.
	NewSparse(m CSR) (Sparse, error)
	// Free gives memory back. The zero value of any kind of memory is freed by doing nothing.
	Free(memory ...Owned)

	Upload(dst Matrix, src []float32) error
	Download(dst []float32, src Matrix) error
	UploadInts(dst Ints, src []int32) error
	DownloadInts(dst []int32, src Ints) error
	// Copy sets dst to src, of the same shape.
	Copy(dst, src Matrix) error
	// Fill sets every element.
	Fill(dst Matrix, value float32) error

	// InUse is the number of bytes that were asked for and not freed.
	InUse() int64
}

// Algebra is dense linear algebra.
type Algebra interface {
	// Gemm computes C = α·A·B + β·C for every matrix of a batch. With β = 0, C is not read.
	Gemm(c, a, b Tile, alpha, beta float32, batch int) error
	// Syrk computes C = α·AᵀA + β·C, for A n×f and C f×f, both triangles. With β = 0, C is not read.
	Syrk(c, a Matrix, alpha, beta float32) error
	// SolveCholesky solves A_n·x = b_n for symmetric positive definite A_n, stacked in a, (batch·f)×f; b is batch×f and
	// becomes x. Both are overwritten. A matrix that is not positive definite is an error that Sync returns at the latest,
	// an [ErrSingular].
	SolveCholesky(a, b Matrix) error
}

// Rows are operations on the rows of a matrix.
type Rows interface {
	// Gather sets row n of dst to row rows[n] of src, or to zero where that is negative.
	Gather(dst, src Matrix, rows Ints) error
	// ScatterAdd adds row n of src to row rows[n] of dst, in ascending order of n; a negative row is passed over.
	ScatterAdd(dst, src Matrix, rows Ints) error
	// TopK sets row r of ids and scores, both rows×k, to the columns of the k largest elements of row r of x, largest first,
	// ties by ascending column. The columns of row r of exclude do not count, nor do NaN; exclude may be nil. Where fewer
	// than k are left, ids are −1 and scores −Inf. scores are read from x bit for bit.
	TopK(ids Ints, scores Matrix, x Matrix, exclude *Sparse) error
}

// Random draws numbers that depend on the key and the position alone: see [Philox].
type Random interface {
	// Uniform draws from [0, 1), multiples of 2⁻²⁴.
	Uniform(dst Matrix, k Key) error
	// Normal draws with mean zero and the given standard deviation.
	Normal(dst Matrix, sd float32, k Key) error
}

// ImplicitFeedback holds the operations of factorising implicit feedback, which package als explains.
type ImplicitFeedback interface {
	// LeastSquares improves every row x of X, rows×f, towards the solution of
	//
	//	(G + α·Σ r·y·yᵀ + λ·I)·x = Σ (β + α·r)·y
	//
	// where the sums go over the row of R, rows×cols, with entries r and rows y of Y, cols×f. A row without entries becomes
	// zero. It does so exactly, by Cholesky's decomposition, or by p.Steps steps of conjugate gradients from the x that
	// is there. An exact result depends on its own row alone, not on the other rows of the call.
	//
	// It is the one long operation, and stops early when the context ends, with its error.
	LeastSquares(ctx context.Context, x Matrix, r Sparse, y Matrix, p Equations) error
	// ObservedLoss is Σ over the entries r of R of (β + α·r)·(1 − ŷ)² − β·ŷ², ŷ = x·y.
	ObservedLoss(x Matrix, r Sparse, y Matrix, p Equations) (float64, error)
	// SquaredNorm is Σ w·‖x‖² over the rows of X, with weights w, rows×1.
	SquaredNorm(x, weights Matrix) (float64, error)
}

// Equations are the coefficients of the normal equations of [ImplicitFeedback].
type Equations struct {
	Gram   Matrix // G, f×f; of ObservedLoss not used
	Alpha  float32
	Beta   float32
	Lambda Matrix // λ of every row, rows×1; of ObservedLoss not used
	Steps  int    // of conjugate gradients; 0: exact
}
