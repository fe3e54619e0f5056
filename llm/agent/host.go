package agent

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"llm4rec/data"
	"llm4rec/llm"
	"llm4rec/llm/explain"
	"llm4rec/llm/memory"
	"llm4rec/models"
)

// Parts are what an agent works with. All of them are used from many goroutines at once.
type Parts struct {
	Train      *data.Train // ids, texts and what users took together; never a test case
	Fields     data.Fields // of items; nil: those of Train. What became of items later is left out: see memory.Excluded
	Retrievers map[string]models.Recommender
	Rankers    map[string]models.Ranker // may be nil
	Explainer  explain.Explainer        // may be nil
	Available  func(item int32) bool    // nil: all are
	Profiles   Profiles                 // nil: each conversation has its own, in memory, as those of strangers have

	Actor  llm.Chat // nil for the scripted policy
	Critic llm.Chat // nil: the actor
}

// Agent is a Host.
type Agent struct {
	config     Config
	parts      Parts
	fields     data.Fields
	catalogue  *catalogue
	popularity []int64
	prompt     file
	words      map[string]string
	review     file
	tools      map[string]tool
	offered    []llm.Tool // in the order in which models see them
	vocabulary *vocabulary
	retriever  string
	ranker     string
}

var _ Host = (*Agent)(nil)

// New makes an agent. It calls nothing.
func New(c Config, p Parts) (*Agent, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("agent: %w", err)
	}
	a := &Agent{config: c, parts: p, fields: p.Fields, retriever: c.Retriever, ranker: c.Ranker}
	switch {
	case p.Train == nil:
		return nil, errors.New("agent: no training data")
	case len(p.Retrievers) == 0:
		return nil, errors.New("agent: no retriever, which also answers when a model does not")
	case c.Model() && p.Actor == nil:
		return nil, fmt.Errorf("agent: planner %s needs a model", c.Planner)
	}
	if a.retriever == "" {
		a.retriever = slices.Sorted(maps.Keys(p.Retrievers))[0]
	} else if p.Retrievers[a.retriever] == nil {
		return nil, fmt.Errorf("agent: retriever: there is no %q; there are: %s", a.retriever, sorted(p.Retrievers))
	}
	if a.ranker != "" && p.Rankers[a.ranker] == nil {
		return nil, fmt.Errorf("agent: ranker: there is no %q; there are: %s", a.ranker, sorted(p.Rankers))
	}
	if a.fields == nil {
		a.fields = p.Train.ItemText
	}
	a.fields = slices.DeleteFunc(slices.Clone(a.fields), func(f data.Field) bool { return memory.Excluded(f.Name) })
	if a.parts.Critic == nil {
		a.parts.Critic = p.Actor
	}
	var err error
	if a.catalogue, err = newCatalogue(c, p.Train, a.fields); err != nil {
		return nil, err
	}
	a.popularity = p.Train.Popularity()
	a.vocabulary = newVocabulary(a.catalogue.table)
	if a.prompt, err = readPrompt(promptOf(c.Planner)); err == nil {
		if a.words, err = a.prompt.Words(c.Wording); err == nil {
			a.review, err = readPrompt(critic)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("agent: %w", err)
	}
	a.toolbox()
	return a, nil
}

// toolbox are the tools that the parts and the configuration allow.
func (a *Agent) toolbox() {
	retrievers, rankers := slices.Sorted(maps.Keys(a.parts.Retrievers)), slices.Sorted(maps.Keys(a.parts.Rankers))
	all := []tool{
		define("search", "Looks for items in the whole catalogue, by words and by a condition, and changes nothing.", nil, search),
		define("look_up", "Shows all that is known of an item, by id or by title.", nil, lookUp),
		define("filter", "Keeps the candidates that fulfil a condition. It stays in force.", nil, filter),
		define("similar", "Keeps the candidates that are most like some items, best first.", map[string][]string{"by": {"taste", "content"}}, similar),
		define("drop", "Takes items off the list of candidates.", nil, drop),
		define("retrieve", "Keeps the candidates that fit the person's history best, best first.", map[string][]string{"with": retrievers}, retrieve),
	}
	if len(rankers) > 0 {
		if a.ranker == "" {
			a.ranker = rankers[0]
		}
		all = append(all, define("rank", "Puts the first candidates in a better order.", map[string][]string{"with": rankers}, rerank))
	}
	all = append(all,
		define("reset", "Makes all items candidates again, with no condition in force.", nil, reset),
		define("history", "Shows the person's history.", nil, history),
		define("available", "Says which items can be recommended, and why others cannot.", nil, availability))
	if a.parts.Explainer != nil {
		all = append(all, define("explain", "Says why an item suits the person, from their history.", nil, explanation))
	}
	if a.config.remembers(Long) {
		all = append(all, define("remember", "Keeps what the person likes or dislikes, for later conversations.", nil, remember))
	}
	if a.config.Planner == Inspire {
		all = append(all, define("branch", "Goes back to a state of the list of candidates.", nil, branch))
	}
	if a.config.Ask {
		all = append(all, define("ask", "Ends your turn with a question to the person.", nil, ask))
	}
	all = append(all, define("recommend", "Ends your turn with a recommendation, or with none.", nil, recommend))
	a.tools = map[string]tool{}
	for _, t := range all {
		a.tools[t.Name] = t
		a.offered = append(a.offered, t.Tool)
	}
}

// Prompt is the hash of the planner's prompt, "" of the scripted policy, which tells no model anything.
func (a *Agent) Prompt() string {
	if !a.config.Model() {
		return ""
	}
	return a.prompt.Hash
}

// Title is an item's, as users read it.
func (a *Agent) Title(item int32) string {
	if !a.catalogue.has(item) {
		return ""
	}
	return a.catalogue.titles[item]
}
