//go:build !(cgo && faiss)

// Package native is what go-faiss needs below it. It is empty in a build without FAISS.
package native
