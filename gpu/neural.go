package gpu

import "math"

// Neural holds the operations of networks over sequences, forward and, with Grad in their names, backward. The sequences of
// a batch are packed: their positions follow each other in the rows of a matrix, without padding.
//
// A result may be written over an operand of the same shape only where the operation says so.
type Neural interface {
	// Sum computes y = α·a + β·b; with β = 0, b is not read and may be the zero Matrix. y may be a or b.
	Sum(y, a, b Matrix, alpha, beta float32) error
	// AddRow adds a row, 1×cols, to every row of y.
	AddRow(y, row Matrix) error
	// ColumnSums sets dst, 1×cols, to the sum of the rows of x.
	ColumnSums(dst, x Matrix) error
	// Activate computes y = f(x), element by element. y may be x.
	Activate(y, x Matrix, f Activation) error
	// ActivateGrad computes dx = f′(x)·dy. dx may be dy.
	ActivateGrad(dx, x, dy Matrix, f Activation) error
	// Drop computes y = r + x∘mask/(1 − rate): see [Dropout]. r may be the zero Matrix, for y = x∘mask/(1 − rate). y may be
	// x or r. It is its own gradient by x.
	Drop(y, x, r Matrix, p Dropout) error
	// LayerNorm computes y = gain·(x − mean)/√(variance + ε) + bias by row, with gain and bias 1×cols (Ba, Kiros & Hinton,
	// Layer Normalization, 2016). The variance is that of the population.
	LayerNorm(y, x, gain, bias Matrix, epsilon float32) error
	// LayerNormGrad computes the gradients by x, gain and bias.
	LayerNormGrad(dx, dgain, dbias, x, gain, dy Matrix, epsilon float32) error
	// Attend computes scaled dot-product attention (Vaswani et al., Attention Is All You Need, 2017, eq. 1) in every sequence
	// and head: see [Attention]. qkv is rows×3d, queries, keys and values side by side, of which head h has the columns
	// h·d/heads … of each; y is rows×d.
	Attend(y, qkv Matrix, starts Ints, p Attention) error
	// AttendGrad computes the gradient by qkv.
	AttendGrad(dqkv, qkv, dy Matrix, starts Ints, p Attention) error
	// Recur runs a gated recurrent unit (Cho et al., Learning Phrase Representations using RNN Encoder–Decoder, EMNLP 2014)
	// along every sequence. Sequence s is the rows starts[s] … starts[s+1]−1; with h the state, 0 before its first row, the
	// state after a row is
	//
	//	r = σ(x_r + h·U_r + b_r)
	//	z = σ(x_z + h·U_z + b_z)
	//	n = tanh(x_n + r∘(h·U_n + b_n))
	//	y = (1 − z)∘n + z∘h
	//
	// x is rows×3d: what the row's input is worth to the reset r, the update z and the candidate n, side by side. u is d×3d
	// and bias 1×3d, in the same order; y is rows×d. Cho et al. multiply h by r before U_n; here r comes after the product,
	// as in cuDNN and PyTorch, so that all of h·U is one product.
	Recur(y, x, u, bias Matrix, starts Ints) error
	// RecurGrad computes the gradients by x, u and bias; y is what Recur made.
	RecurGrad(dx, du, dbias, x, u, bias, y, dy Matrix, starts Ints) error
	// Softmax sets loss, 1×1, to the mean over positions n of −log softmax(h_n·Eᵀ)[target n], over the first classes rows of
	// E, and dh and de to its gradients by H and E. A position whose target is negative does not count; without any the loss is 0.
	// Where dh is the zero Matrix there are no gradients. No matrix of positions × classes is ever in memory.
	Softmax(loss, dh, de, h, e Matrix, targets Ints, classes int) error
	// Sampled is a loss over few classes for each position: see [Sampling].
	Sampled(loss, dh, de, h, e Matrix, ids Ints, p Sampling) error
	// Adam updates weights by their gradient: see [Adam].
	Adam(w, g, m, v Matrix, p Adam) error
}

// Activation is a function of one number.
type Activation int

const (
	ReLU Activation = iota // max(x, 0), with derivative 0 at 0
	GELU                   // x·Φ(x), exactly (Hendrycks & Gimpel 2016)
)

// Dropout says which elements become zero. Bits 16·(n mod 2) … of word ⌊(n mod 8)/2⌋ of block ⌊n/8⌋ of the key's [Philox]
// decide about the element in place n of a matrix: it is dropped where they are below Threshold.
type Dropout struct {
	Rate float32 // in multiples of 2⁻¹⁶, at least 0 and below 1; 0 drops nothing and draws nothing
	Key  Key
}

// Threshold is the rate in multiples of 2⁻¹⁶.
func (d Dropout) Threshold() int { return int(math.Round(float64(d.Rate) * (1 << 16))) }

// Scale is what kept elements are multiplied by.
func (d Dropout) Scale() float32 { return float32(1 / (1 - float64(d.Threshold())/(1<<16))) }

// Attention says who sees whom. Sequence s is the rows starts[s] … starts[s+1]−1. Of the weights, dropout drops the one of
// query row n and head h for the key in place j of its sequence by the number (n·heads + h)·W + j, where W is Longest rounded
// up to a multiple of 8.
type Attention struct {
	Heads   int
	Causal  bool // a position sees itself and those before it; otherwise its whole sequence
	Longest int  // at least the length of every sequence
	Dropout Dropout
}

// Width is the W of the comment of Attention.
func (a Attention) Width() int { return (a.Longest + 7) &^ 7 }

// Sampling says how the scores of few classes make a loss. Position n has the classes ids[n·c] … ids[n·c + c−1], the first of
// which is the target, the others are not; negative ids do not count, and neither does a position whose target is negative.
// A score is s_j = h·e_j − Bias_j. The loss is the mean over positions of
//
//	−log(e^{s₀} / Σ_j e^{s_j})                                   Logistic false
//	(−β·log σ(s₀) − Σ_{j>0} log(1 − σ(s_j))) / c                 Logistic true
//
// The first is the sampled softmax; with the logarithm of the classes' sampling probability as Bias it estimates the whole
// one (Bengio & Senécal 2008). The second is the binary cross-entropy of Kang & McAuley, ICDM 2018, for β = 1, and gBCE for
// other β (Petrov & Macdonald, gSASRec, RecSys 2023, eq. 9).
type Sampling struct {
	Classes  int // c
	Logistic bool
	Beta     float32
	Bias     Matrix // classes×1, or the zero Matrix
}

// Adam is a step of Kingma & Ba, Adam, ICLR 2015, algorithm 1, with the decoupled weight decay of Loshchilov & Hutter, ICLR
// 2019: with g the gradient times Clip,
//
//	m = β₁·m + (1 − β₁)·g,  v = β₂·v + (1 − β₂)·g²
//	w = w − Rate·(m/Unbias1 / (√(v/Unbias2) + ε) + Decay·w)
type Adam struct {
	Rate, Beta1, Beta2, Epsilon, Decay, Clip float32
	Unbias1, Unbias2                         float32 // 1 − β₁ᵗ and 1 − β₂ᵗ, in step t counted from 1
}

// The checks of Neural.

// CheckSum panics where the operands of Sum do not fit.
func CheckSum(y, a, b Matrix, beta float32) {
	CheckSame(y, a)
	if beta != 0 {
		CheckSame(y, b)
	}
}

// CheckRow panics where row is not a row of x.
func CheckRow(row, x Matrix) { must(row.Rows == 1 && row.Cols == x.Cols) }

// CheckDrop panics where the operands of Drop do not fit.
func CheckDrop(y, x, r Matrix, p Dropout) {
	CheckSame(y, x)
	if r.Cols != 0 {
		CheckSame(y, r)
	}
	must(p.Rate >= 0 && p.Threshold() < 1<<16)
}

// CheckAttend returns the width of a head and the number of sequences.
func CheckAttend(y, qkv Matrix, starts Ints, p Attention) (width, sequences int) {
	must(p.Heads >= 1 && y.Cols%p.Heads == 0 && qkv.Cols == 3*y.Cols && qkv.Rows == y.Rows && starts.Len >= 1)
	must(p.Dropout.Rate >= 0 && p.Dropout.Threshold() < 1<<16)
	return y.Cols / p.Heads, starts.Len - 1
}

// CheckRecur returns the number of sequences.
func CheckRecur(y, x, u, bias Matrix, starts Ints) (sequences int) {
	must(x.Rows == y.Rows && x.Cols == 3*y.Cols && u.Rows == y.Cols && u.Cols == x.Cols && starts.Len >= 1)
	CheckRow(bias, x)
	return starts.Len - 1
}

// CheckRecurGrad returns the number of sequences.
func CheckRecurGrad(dx, du, dbias, x, u, bias, y, dy Matrix, starts Ints) (sequences int) {
	CheckSame(dx, x)
	CheckSame(du, u)
	CheckSame(dbias, bias)
	CheckSame(dy, y)
	return CheckRecur(y, x, u, bias, starts)
}

// CheckLoss panics where the operands of a loss do not fit; it returns whether there are gradients.
func CheckLoss(loss, dh, de, h, e Matrix) bool {
	must(loss.Rows == 1 && loss.Cols == 1 && h.Cols == e.Cols)
	if dh.Cols == 0 && de.Cols == 0 {
		return false
	}
	CheckSame(dh, h)
	CheckSame(de, e)
	return true
}

// CheckSoftmax panics where the operands of Softmax do not fit; it returns whether there are gradients.
func CheckSoftmax(loss, dh, de, h, e Matrix, targets Ints, classes int) bool {
	must(targets.Len == h.Rows && classes >= 1 && classes <= e.Rows)
	return CheckLoss(loss, dh, de, h, e)
}

// CheckSampled panics where the operands of Sampled do not fit; it returns whether there are gradients.
func CheckSampled(loss, dh, de, h, e Matrix, ids Ints, p Sampling) bool {
	must(p.Classes >= 1 && ids.Len == h.Rows*p.Classes && (p.Bias.Cols == 0 || p.Bias.Cols == 1 && p.Bias.Rows == e.Rows))
	return CheckLoss(loss, dh, de, h, e)
}
