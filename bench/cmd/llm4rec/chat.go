package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"llm4rec/bench"
	"llm4rec/bench/suite"
	"llm4rec/data"
	"llm4rec/llm/agent"
	"llm4rec/llm/clean"
	"llm4rec/llm/memory"
)

// agentFlags are those of commands that open an agent.
type agentFlags struct {
	out, device, profiles string
	sets                  []string
	calls                 callFlags
}

func (f *agentFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.out, "out", "out", "folder of results, for recorded answers and memories")
	flags.StringVar(&f.device, "device", "auto", suite.DeviceHelp)
	flags.StringVar(&f.profiles, "profiles", "", "file that keeps what agents learn of users; empty: nothing is kept")
	flags.StringArrayVar(&f.sets, "set", nil, setHelp)
	f.calls.add(c)
}

// opened is an agent with what it is asked by.
type opened struct {
	suite.Host
	cell     *bench.Answered
	profiles agent.Profiles
	close    func() error
}

// open makes the agent of EXPERIMENT:SYSTEM.
func (f *agentFlags) open(ctx context.Context, g *globals, name string) (o *opened, err error) {
	experiment, system, found := cutLast(name, ":")
	if !found {
		return nil, usageError{fmt.Errorf("%q: want EXPERIMENT:SYSTEM, as agents:scripted", name)}
	}
	if g.calls, err = f.calls.resolve(f.out); err != nil {
		return nil, err
	}
	log := g.logger(g.stderr)
	g.calls.Log, g.results = log, f.out
	device, _, err := openDevice(f.device)
	if err != nil {
		return nil, err
	}
	o = &opened{profiles: agent.InMemory()}
	closers := []func() error{device.Close, g.calls.Close}
	o.close = func() error {
		var errs []error
		for _, c := range closers {
			errs = append(errs, c())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.close())
		}
	}()
	r := &bench.Runner{Suite: g.suite(log, true), Device: device, Out: f.out, Commit: commit, Log: log}
	plan, err := resolve(r.Suite, experiment, f.sets)
	if err != nil {
		return o, err
	}
	cell, err := plan.CellOf(system, "", nil)
	if err != nil {
		return o, usageError{err}
	}
	if o.cell, err = r.Asked(ctx, plan, cell); err != nil {
		return o, err
	}
	if f.profiles != "" {
		file, err := memory.CreateProfiles(ctx, f.profiles, plan.Spec.Dataset, o.cell.Train.Checksum())
		if err != nil {
			return o, err
		}
		closers = append(closers, file.Close)
		o.profiles = agent.Stored(file)
	}
	env := bench.Env{Seed: cell.Seed, Dataset: plan.Spec.Dataset, Device: device, Progress: func(int, int, string) {}}
	o.Host, err = suite.OpenAgent(ctx, o.cell, env, o.profiles)
	return o, err
}

// named is an item as its user knows it: with the data set's id.
func (o *opened) named(item int32) string { return nameOf(o.cell.Train, item) }

func nameOf(train *data.Train, item int32) string {
	title, raw := suite.Title(train, item), train.Items.Raw(item)
	if title == raw { // it has none
		return clean.Line(raw)
	}
	return fmt.Sprintf("%s (%s)", clean.Line(title), clean.Line(raw))
}

func chatCommand(g *globals) *cobra.Command {
	var f agentFlags
	var user string
	c := &cobra.Command{
		Use:   "chat [EXPERIMENT:SYSTEM]",
		Short: "Talk with an agent in the terminal",
		Long: `Chat opens the agent of an experiment's system, of the model agent or conversation, and talks with it: each line is something
to say. Without a name it is agents:scripted, which needs no language model. The steps that the agent takes are shown as it
takes them.

  /why      why the last items were recommended
  /profile  what is known of the user beside the history
  /trace    what the agent did in the last turn
  /reset    begin a new conversation
  /quit     end; so does the end of the input`,
		Example: `  llm4rec chat --user 196
  llm4rec chat agents:talk-react --set systems.talk-react.params.model=llama3.2:3b`,
		Args: exactArgs(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			name := "agents:scripted"
			if len(args) == 1 {
				name = args[0]
			}
			return g.chat(c.Context(), &f, name, user, c.InOrStdin())
		},
	}
	c.Flags().StringVar(&user, "user", "", "who talks, by the data set's id: the agent knows the history; empty: somebody of whom nothing is known")
	f.add(c)
	return c
}

func (g *globals) chat(ctx context.Context, f *agentFlags, name, user string, in io.Reader) (err error) {
	o, err := f.open(ctx, g, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	v, known := suite.VisitorOf(o.cell, user)
	if !known {
		return usageError{fmt.Errorf("--user %s: not a user of the data set who is asked", user)}
	}
	t := terminal{g: g, o: o, visitor: v, talk: o.Open(v), prompt: isTerminal(g.stderr)}
	fmt.Fprintf(g.stdout, "%s, %d items, %d in the history. /why, /profile, /trace, /reset, /quit\n", name, o.cell.Train.NumItems, len(v.History))
	lines := readLines(in)
	for {
		if err := t.ask(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case line, more := <-lines:
			if !more || line.err != nil {
				return line.err
			}
			if end, err := t.line(ctx, strings.TrimSpace(line.text)); end || err != nil {
				return err
			}
		}
	}
}

type input struct {
	text string
	err  error
}

// readLines reads in the background, so that an interrupt need not wait for a line.
func readLines(in io.Reader) <-chan input {
	out := make(chan input)
	go func() {
		defer close(out)
		r := bufio.NewReader(in)
		for {
			text, err := r.ReadString('\n') // an agent cuts what is too long
			if text != "" {
				out <- input{text: text}
			}
			if err != nil {
				if !errors.Is(err, io.EOF) {
					out <- input{err: err}
				}
				return
			}
		}
	}()
	return out
}

// terminal is a conversation in one.
type terminal struct {
	g       *globals
	o       *opened
	visitor agent.Visitor
	talk    agent.Conversation
	last    agent.Turn
	prompt  bool
}

// ask shows that it is the user's turn.
func (t *terminal) ask() error {
	if t.prompt {
		fmt.Fprint(t.g.stdout, "> ")
	}
	return t.g.stdout.Flush()
}

// line is one that the user has written: a command, or something to say.
func (t *terminal) line(ctx context.Context, text string) (end bool, err error) {
	out := t.g.stdout
	switch text {
	case "":
		return false, nil
	case "/quit", "/exit":
		return true, nil
	case "/reset":
		t.talk, t.last = t.o.Open(t.visitor), agent.Turn{}
		fmt.Fprintln(out, "A new conversation.")
		return false, nil
	case "/trace":
		return false, t.last.Print(out, t.o.named)
	case "/profile":
		return false, t.profile(ctx)
	case "/why":
		return false, t.why(ctx)
	}
	if strings.HasPrefix(text, "/") {
		fmt.Fprintf(out, "%s is no command; there are /why, /profile, /trace, /reset, /quit\n", clean.Line(text))
		return false, nil
	}
	t.last, err = t.talk.(agent.Teller).Tell(ctx, text, func(s agent.Step) {
		fmt.Fprintf(out, "  · %s\n", step(s))
		_ = out.Flush() // an error shows when the answer is written
	})
	if err != nil {
		return false, err
	}
	fmt.Fprintln(out, clean.Lines(t.last.Text))
	if !t.last.End.Answered() {
		fmt.Fprintf(out, "  (%s: the items are those of the fallback)\n", t.last.End)
	}
	return false, nil
}

// step is one in a line.
func step(s agent.Step) string {
	what := s.By
	if s.Tool != "" {
		what = clean.Text(s.Tool, 40) + " " + clean.Text(string(s.Arguments), 120)
	}
	what += fmt.Sprintf(" (%v, %d candidates)", s.Wall.Round(time.Millisecond), s.Bus)
	if s.Error != "" {
		what += ": " + clean.Text(s.Error, 160)
	}
	return what
}

func (t *terminal) profile(ctx context.Context) error {
	if t.visitor.User < 0 {
		fmt.Fprintln(t.g.stdout, "Nothing is kept of a stranger beyond the conversation.")
		return nil
	}
	p, err := t.o.profiles.Profile(ctx, t.visitor.User)
	if err != nil {
		return err
	}
	out := t.g.stdout
	titles := func(items []int32) string {
		var all []string
		for _, i := range items {
			all = append(all, clean.Line(t.o.Title(i)))
		}
		return strings.Join(all, ", ")
	}
	h := t.visitor.History
	fmt.Fprintf(out, "history: %d items, the newest %s\n", len(h), titles(h[max(0, len(h)-5):]))
	fmt.Fprintf(out, "likes: %s\ndislikes: %s\nrecommended: %s\n", clean.Line(strings.Join(p.Likes, ", ")), clean.Line(strings.Join(p.Dislikes, ", ")), titles(p.Recommended))
	return nil
}

func (t *terminal) why(ctx context.Context) error {
	if len(t.last.Items) == 0 {
		fmt.Fprintln(t.g.stdout, "Nothing has been recommended yet.")
	}
	for _, i := range t.last.Items {
		why, err := t.o.Why(ctx, t.visitor, i)
		if err != nil {
			return err
		}
		if why == "" {
			why = "no reason: nothing in the history has to do with it"
		}
		fmt.Fprintf(t.g.stdout, "- %s: %s\n", clean.Line(t.o.Title(i)), clean.Line(why))
	}
	return nil
}
