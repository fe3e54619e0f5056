package suite

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"llm4rec/baselines/ease"
	"llm4rec/baselines/itemknn"
	"llm4rec/baselines/popularity"
	"llm4rec/baselines/random"
	"llm4rec/bench"
	"llm4rec/llm/retrieve"
	"llm4rec/models"
	"llm4rec/models/als"
	"llm4rec/models/bpr"
	"llm4rec/models/checkpoint"
	"llm4rec/models/external"
	"llm4rec/models/fusion"
	"llm4rec/models/gru4rec"
	"llm4rec/models/sasrec"
	"llm4rec/models/sequential"
)

// Models are all models that an experiment can name. To add one, add a line. Files that they read may lie in data folders.
func Models(calls *Calls, dirs ...string) []bench.Model {
	single := singles(dirs)
	all := append(single, merged(single), ranker(calls, dirs))
	p := &parts{known: &bench.Suite{Models: all}, calls: calls, dirs: dirs}
	return append(slices.Clip(all), reasoner(calls, dirs), acting(p), talking(p))
}

// singles are the models that do not consist of others.
func singles(dirs []string) []bench.Model {
	texts := retrieve.Default()
	texts.Dirs = dirs
	return []bench.Model{
		bench.Register("random", "a random order for each user: the floor", random.Revision, true, random.Config{}, func(c random.Config, e bench.Env) models.Fitter {
			c.Seed = uint64(e.Seed)
			return c
		}),
		bench.Register("popularity", "most training interactions first", popularity.Revision, false, popularity.Config{}, plain),
		bench.Register("recent-popularity", "most training interactions in the time window before the question", popularity.Revision, false, popularity.DefaultRecent(), plain),
		bench.Register("itemknn", "similarity to the items of the history", itemknn.Revision, false, itemknn.Default(), plain),
		bench.Register("ease", "linear item-item weights in closed form", ease.Revision, false, ease.Default(), plain),
		bench.Register("als", "matrix factorisation of implicit feedback by alternating least squares", als.Revision, true, als.Default(), func(c als.Config, e bench.Env) models.Fitter {
			c.Seed, c.Device, c.Progress, c.Checkpoint = uint64(e.Seed), e.Device, e.Progress, e.Checkpoint
			return c
		}),
		bench.Register("bpr", "matrix factorisation by Bayesian personalised ranking", bpr.Revision, true, bpr.Default(), func(c bpr.Config, e bench.Env) models.Fitter {
			c.Run = training(e)
			return c
		}),
		bench.Register("sasrec", "self-attention over the history; with masked, BERT4Rec", sasrec.Revision, true, reading(texts), func(c sasrec.Config, e bench.Env) models.Fitter {
			c.Run = training(e)
			return c
		}),
		bench.Register("gru4rec", "gated recurrent units over the history", gru4rec.Revision, true, gru4rec.Default(), func(c gru4rec.Config, e bench.Env) models.Fitter {
			c.Run = training(e)
			return c
		}),
		bench.Register("text", "similarity of items' texts to those of the history", retrieve.Revision, false, texts, plain),
		bench.Register("shuffled-text", "text, where items have each other's texts by chance: a control", retrieve.Revision, true, texts, func(c retrieve.Config, e bench.Env) models.Fitter {
			c.Permuted, c.Seed = true, uint64(e.Seed)
			return c
		}),
		bench.Register("external", "predictions of a model trained elsewhere, read from a file", external.Revision, false, external.Default(), plain),
	}
}

// reading is sasrec's configuration, whose items may begin as their texts.
func reading(texts retrieve.Config) sasrec.Config {
	model := bench.Register("text", "", retrieve.Revision, false, texts, plain)
	c := sasrec.Default()
	c.Texts = func(params map[string]any) (sequential.Beginning, func() (string, error), error) {
		b, err := model.Bind(params)
		if err != nil {
			return nil, nil, err
		}
		config := b.Config.(retrieve.Config)
		return config.Vectors, config.Fingerprint, nil
	}
	return c
}

// part is one of the models that another consists of, with its parameters.
func part(known *bench.Suite, p fusion.Part) (bench.Model, bench.Bound, error) {
	m, err := known.Model(p.Model)
	if err != nil {
		return m, bench.Bound{}, err
	}
	b, err := m.Bind(p.Params)
	return m, b, err
}

// described names all that determines a part: the model's revision, the parameters, and what it reads.
func described(known *bench.Suite, p fusion.Part) (string, error) {
	m, b, err := part(known, p)
	if err != nil {
		return "", err
	}
	config, err := json.Marshal(b.Config) // with the defaults filled in: another default is another part
	if err != nil {
		return "", err
	}
	sum := ""
	if b.Inputs != nil {
		sum, err = b.Inputs()
	}
	return strings.TrimSpace(fmt.Sprintf("%s %d %s %s", m.Name, m.Revision, config, sum)), err
}

// merged is the model that merges others.
func merged(single []bench.Model) bench.Model {
	known := &bench.Suite{Models: single}
	fitter := func(e bench.Env) func(fusion.Part) (models.Fitter, error) {
		e.Checkpoint = checkpoint.File{} // there is one file, and several parts
		return func(p fusion.Part) (models.Fitter, error) {
			_, b, err := part(known, p)
			if err != nil {
				return nil, err
			}
			return b.Fitter(e), nil
		}
	}
	c := fusion.Default()
	c.Fitter = fitter(bench.Env{})
	c.Inputs = func(p fusion.Part) (string, error) { return described(known, p) }
	return bench.Register("fusion", "the merged answers of other models", fusion.Revision, true, c, func(c fusion.Config, e bench.Env) models.Fitter {
		c.Fitter = fitter(e)
		return c
	})
}

// training is what a run gives to the training of a network.
func training(e bench.Env) sequential.Run {
	return sequential.Run{Seed: uint64(e.Seed), Device: e.Device, Progress: e.Progress, Checkpoint: e.Checkpoint}
}

// plain serves configurations that are fitters themselves and need nothing from the run.
func plain[C models.Fitter](c C, _ bench.Env) models.Fitter { return c }
