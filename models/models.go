// Package models holds the small interfaces between a trained model and the harness.
package models

import (
	"context"

	"llm4rec/data"
)

// Query asks for the K best items for one user.
type Query struct {
	User       int32
	History    []int32 // oldest first; may be empty, and may hold more than the model saw of the user in training
	Times      []int64 // of the history
	At         int64   // when the question is asked
	Exclude    []int32 // items that must not be returned, in any order
	Candidates []int32 // items that may be returned, ascending; nil is the whole catalogue
	K          int     // at least 1
}

// Scored is an item with the score that ranked it.
type Scored struct {
	Item  int32
	Score float32
}

// Fitter trains a model. A Fitter's configuration holds its seed: the same training data gives the same bytes.
type Fitter interface {
	Fit(ctx context.Context, train *data.Train) (Recommender, error)
}

// Recommender answers queries: for each at most K distinct items, best first, ties by ascending item, none of them
// excluded, all of them candidates. Answers do not depend on how queries are batched. It may be called from many
// goroutines at once.
type Recommender interface {
	Recommend(ctx context.Context, queries []Query) ([][]Scored, error)
}

// Retriever finds the items with the best vectors for query vectors, which lie one after the other: for each at most k
// distinct items, best first, ties by ascending item. Nothing is masked: whoever excludes items asks for more, and drops
// them. It may be called from many goroutines at once.
type Retriever interface {
	Retrieve(ctx context.Context, queries []float32, k int) ([][]Scored, error)
}

// Ranker orders what a first stage found: the answer holds the same items as candidates, each once, best first, with scores
// that fall or stay equal. It sees the query and the candidates, and nothing of what would be right. It may be called from
// many goroutines at once, and an answer depends on its own question alone.
type Ranker interface {
	Rank(ctx context.Context, q Query, candidates []Scored) ([]Scored, error)
}

// Preparer makes a Ranker from the training data that it needs: titles, popularity, what was taken together.
type Preparer interface {
	Prepare(ctx context.Context, train *data.Train) (Ranker, error)
}

// Progress is told how far a training is, and what there is to say about it, such as the loss. It is called from one
// goroutine at a time.
type Progress func(done, total int, note string)

// Warner is a Recommender or Fitter with something to say that belongs beside its results.
type Warner interface {
	Warnings() []string
}

// Point is one validation during a training.
type Point struct {
	Epoch   int
	Loss    float64 // mean over the epoch's targets
	NDCG    float64 // at 10, on the validation cases
	Seconds float64 // of training up to there, without validations
}

// Curved is a Recommender that knows how its training went.
type Curved interface {
	Curve() []Point
}

// Unavailable is the error of a model that needs what is not at hand: a server, a key, a file. It is no failure of the model.
type Unavailable struct {
	Err    error
	Remedy string // what would bring it: a command, in most cases
}

func (u *Unavailable) Error() string { return u.Err.Error() + ": " + u.Remedy }
func (u *Unavailable) Unwrap() error { return u.Err }
