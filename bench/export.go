package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"llm4rec/data"
	"llm4rec/data/atomic"
)

// ExportSplit writes a split under a protocol for models of other people, whose predictions come back through the model
// external. Files of tables are RecBole's atomic ones, with a header:
//
//	NAME.train.inter              what a model may learn from
//	NAME.valid.inter, .test.inter the answers, with rating and time
//	NAME.item, NAME.user          text
//	history.valid, history.test   what is known of each user who is asked, oldest first; may be longer than in training
//	mask.valid, mask.test         items that must not be recommended to the user
//	candidates.valid, .test       where they are sampled or given: the only items that may be recommended
//	qrels.valid, qrels.test       the answers in TREC's form
//
// They say what the harness itself would ask: users without a line in history are not counted, and answers that the
// mask hides are left out.
func (s *Suite) ExportSplit(dir string, d *data.Dataset, split *data.Split, p Protocol) error {
	p, err := p.withDefaults()
	if err != nil {
		return err
	}
	given, err := s.candidates(p, d.Users, d.Items)
	if err != nil {
		return err
	}
	valid, err := ask(split.Train, split.Valid, p, given, 1, 0)
	if err != nil {
		return err
	}
	test, err := ask(split.Train, split.Test, p, given, 1, 0)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	x := exporter{dir: dir, d: d}
	x.file(d.Name+".train.inter", func(w *bufio.Writer) error { return atomic.WriteInter(w, d.Users, d.Items, split.Train.Inter) })
	x.file(d.Name+".item", func(w *bufio.Writer) error { return atomic.WriteItems(w, d) })
	x.file(d.Name+".user", func(w *bufio.Writer) error { return atomic.WriteUsers(w, d) })
	x.part("valid", valid)
	x.part("test", test)
	return x.err
}

// exporter writes files until the first error, which it keeps.
type exporter struct {
	dir string
	d   *data.Dataset
	err error
}

func (x *exporter) file(name string, write func(w *bufio.Writer) error) {
	if x.err != nil {
		return
	}
	f, err := os.Create(filepath.Join(x.dir, name))
	if err != nil {
		x.err = fmt.Errorf("export: %w", err)
		return
	}
	b := bufio.NewWriter(f)
	if err := errors.Join(write(b), b.Flush(), f.Close()); err != nil {
		x.err = fmt.Errorf("export: %s: %w", name, err)
	}
}

// part writes what is asked in one part of the split, and the answers.
func (x *exporter) part(name string, asked questions) {
	x.file(x.d.Name+"."+name+".inter", func(w *bufio.Writer) error {
		inter, err := answers(x.d, asked)
		if err != nil {
			return err
		}
		return atomic.WriteInter(w, x.d.Users, x.d.Items, inter)
	})
	x.file("qrels."+name, func(w *bufio.Writer) error {
		for n, user := range asked.users {
			for _, i := range asked.relevant[n] {
				fmt.Fprintf(w, "%s 0 %s 1\n", user, x.d.Items.Raw(i))
			}
		}
		return nil
	})
	lists := func(file string, list func(n int) []int32) {
		x.file(file+"."+name, func(w *bufio.Writer) error {
			fmt.Fprintln(w, "user_id:token\titem_id_list:token_seq")
			for n, user := range asked.users {
				raw := make([]string, len(list(n)))
				for k, i := range list(n) {
					raw[k] = x.d.Items.Raw(i)
				}
				fmt.Fprintf(w, "%s\t%s\n", user, strings.Join(raw, " "))
			}
			return nil
		})
	}
	lists("history", func(n int) []int32 { return asked.queries[n].History })
	lists("mask", func(n int) []int32 {
		return slices.Compact(slices.Sorted(slices.Values(asked.queries[n].Exclude)))
	})
	if len(asked.queries) > 0 && asked.queries[0].Candidates != nil {
		lists("candidates", func(n int) []int32 { return asked.queries[n].Candidates })
	}
}

// answers finds the interactions that the relevant items stand for: the first of each since the question was asked.
func answers(d *data.Dataset, asked questions) (data.Interactions, error) {
	var positions []int
	p := 0
	for n, q := range asked.queries {
		left := slices.Clone(asked.relevant[n])
		for p < d.Inter.Len() && d.Inter.User[p] < q.User {
			p++
		}
		for ; p < d.Inter.Len() && d.Inter.User[p] == q.User; p++ {
			at := slices.Index(left, d.Inter.Item[p])
			if at >= 0 && d.Inter.Time[p] >= q.At {
				positions = append(positions, p)
				left = slices.Delete(left, at, at+1)
			}
		}
		if len(left) > 0 {
			return data.Interactions{}, fmt.Errorf("user %q is asked for item %q, which is in no interaction since then", asked.users[n], d.Items.Raw(left[0]))
		}
	}
	return d.Inter.Take(positions), nil
}

// ExportSplits writes the split of every protocol of a plan into a folder of its own below dir, and returns the folders.
func (r *Runner) ExportSplits(ctx context.Context, plan *Plan, dir string) ([]string, error) {
	d, _, err := r.Suite.Load(ctx, plan.Spec, r.Log)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, p := range plan.Protocols {
		s, err := d.Split(p.SplitSpec)
		if err != nil {
			return out, err
		}
		to := filepath.Join(dir, strings.ReplaceAll(p.Name, "/", "-"))
		if err := r.Suite.ExportSplit(to, d, s, p); err != nil {
			return out, err
		}
		out = append(out, to)
	}
	return out, nil
}
