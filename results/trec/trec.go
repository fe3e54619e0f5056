// Package trec writes stored rankings in TREC's form, so that other people's evaluators can check our metrics.
//
// A run has lines "qid Q0 docid rank score tag", a file of answers (qrels) lines "qid 0 docid 1"; qid and docid are the
// raw ids of users and items. The scores of a run are not the model's: they count down from the length of the list to
// 1, because evaluators break ties in ways of their own (trec_eval by descending docid) and read scores as float32.
//
// Fields are separated by spaces and the form knows no quotes, so a raw id that is empty or holds white space cannot be
// written: it is an error.
package trec

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"

	"llm4rec/results"
)

// WriteRun writes the ranked items of every user. A user with an empty list has no line: an evaluator must be told to
// average over the users of the answers (trec_eval -c), as we do.
func WriteRun(w io.Writer, ranks []results.Ranking, items []results.Item, tag string) error {
	tag = strings.Join(strings.FieldsFunc(tag, unicode.IsSpace), "_") // it names the run and means nothing else
	if tag == "" {
		tag = "llm4rec"
	}
	b := bufio.NewWriter(w)
	for _, r := range ranks {
		if err := checkUser(r.User); err != nil {
			return err
		}
		for n, i := range r.Items {
			docid, err := raw(items, i)
			if err != nil {
				return err
			}
			fmt.Fprintf(b, "%s Q0 %s %d %d %s\n", r.User, docid, n+1, len(r.Items)-n, tag)
		}
	}
	return b.Flush()
}

// WriteQrels writes the relevant items of every user.
func WriteQrels(w io.Writer, ranks []results.Ranking, items []results.Item) error {
	b := bufio.NewWriter(w)
	for _, r := range ranks {
		if err := checkUser(r.User); err != nil {
			return err
		}
		for _, i := range r.Relevant {
			docid, err := raw(items, i)
			if err != nil {
				return err
			}
			fmt.Fprintf(b, "%s 0 %s 1\n", r.User, docid)
		}
	}
	return b.Flush()
}

func checkUser(id string) error {
	if !writable(id) {
		return fmt.Errorf("trec: the id of user %q is empty or holds white space", id)
	}
	return nil
}

func raw(items []results.Item, i int32) (string, error) {
	if i < 0 || int(i) >= len(items) {
		return "", fmt.Errorf("trec: item %d is not in the catalogue of %d", i, len(items))
	}
	id := items[i].Raw
	if !writable(id) {
		return "", fmt.Errorf("trec: the id of item %q is empty or holds white space", id)
	}
	return id, nil
}

func writable(id string) bool { return id != "" && !strings.ContainsFunc(id, unicode.IsSpace) }
