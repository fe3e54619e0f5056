package bundle

import (
	"fmt"
	"maps"
	"slices"

	"llm4rec/eval"
	"llm4rec/results"
)

// record measures the ranks of a cell again. It answers whether tables can be made of them.
func (r *Report) record(c *content, rec results.Record) bool {
	if rec.Status != results.OK {
		return true
	}
	file := "cells/" + rec.ID + ".json"
	ranks, err := c.store.Ranks(rec)
	if err != nil {
		r.unreadable(c.dir, err)
		return false
	}
	stored, err := c.store.Catalogue(rec.Split)
	if err != nil {
		r.unreadable(c.dir, err)
		return false
	}
	if _, err := c.store.Reasons(rec); err != nil {
		r.unreadable(c.dir, err)
		return false
	}
	if _, err := c.store.Talks(rec); err != nil {
		r.unreadable(c.dir, err)
		return false
	}
	r.Cells++
	if rec.Energy != nil {
		if err := rec.Energy.Check(); err != nil {
			r.add(file, "energy of "+rec.Identity.System, "%v", err)
		}
	}
	if why := unsound(rec, ranks, int32(len(stored.Items))); why != "" {
		r.add("cells/"+rec.ID+".parquet", "", "%s", why)
		return false
	}
	popularity := make([]int64, len(stored.Items))
	for n, item := range stored.Items {
		popularity[n] = item.Train
	}
	catalogue := eval.NewCatalogue(popularity, stored.Users)
	for _, name := range slices.Sorted(maps.Keys(rec.Metrics)) {
		r.Metrics++
		m, err := eval.Parse(name)
		if err != nil {
			r.add(file, "metrics", "%v", err)
			continue
		}
		if got := measure(m, ranks, catalogue); got != rec.Metrics[name] {
			r.add(file, name+" of "+rec.Identity.System, "%v, and its ranks give %v", rec.Metrics[name], got)
		}
	}
	return true
}

// measure is a metric of one cell, added up in the order of the users as a run does.
func measure(m eval.Metric, ranks []results.Ranking, c *eval.Catalogue) float64 {
	if !m.PerUser() {
		lists := make([][]int32, len(ranks))
		for n, x := range ranks {
			lists[n] = x.Items
		}
		return m.Lists(lists, c)
	}
	sum := 0.
	for _, x := range ranks {
		sum += m.User(x.Items, x.Relevant, c)
	}
	return sum / float64(len(ranks))
}

// unsound says what is wrong with ranks that no run writes, "" if nothing is.
func unsound(rec results.Record, ranks []results.Ranking, items int32) string {
	if rec.Dialogue != nil && len(ranks) == 0 { // conversations, of which tables are made as they are
		return ""
	}
	if len(ranks) == 0 || len(ranks) != rec.Users {
		return fmt.Sprintf("%d users, and the record says %d", len(ranks), rec.Users)
	}
	outside := func(i int32) bool { return i < 0 || i >= items }
	users := map[string]bool{}
	for _, x := range ranks {
		distinct := map[int32]bool{}
		for _, i := range x.Items {
			distinct[i] = true
		}
		switch {
		case users[x.User]:
			return fmt.Sprintf("user %s stands twice", x.User)
		case len(x.Items) > rec.Identity.Depth:
			return fmt.Sprintf("user %s: %d items, and the cell's depth is %d", x.User, len(x.Items), rec.Identity.Depth)
		case len(x.Scores) != len(x.Items):
			return fmt.Sprintf("user %s: %d scores for %d items", x.User, len(x.Scores), len(x.Items))
		case len(distinct) != len(x.Items):
			return fmt.Sprintf("user %s: an item stands twice", x.User)
		case slices.ContainsFunc(x.Items, outside), slices.ContainsFunc(x.Relevant, outside):
			return fmt.Sprintf("user %s: an item that is not in the catalogue of %d", x.User, items)
		}
		for n := 1; n < len(x.Relevant); n++ {
			if x.Relevant[n-1] >= x.Relevant[n] {
				return fmt.Sprintf("user %s: relevant items are not in ascending order", x.User)
			}
		}
		users[x.User] = true
	}
	return ""
}
