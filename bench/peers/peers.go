// Package peers holds the scripts that run other people's implementations: see README.md.
package peers

import _ "embed"

// Iterations runs benfred/implicit's ALS an iteration at a time.
//
//go:embed implicit_iterations.py
var Iterations string

// SASRec trains SASRec in PyTorch for some time at a time.
//
//go:embed sasrec_torch.py
var SASRec string

// RecBole trains RecBole's SASRec an epoch, or some batches, at a time.
//
//go:embed sasrec_recbole.py
var RecBole string

// FAISS builds an index of faiss-cpu's and searches it when asked.
//
//go:embed faiss_search.py
var FAISS string
