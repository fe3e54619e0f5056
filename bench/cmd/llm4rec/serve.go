package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"llm4rec/bench/suite"
	"llm4rec/llm/agent"
	"llm4rec/llm/serve"
)

func serveCommand(g *globals) *cobra.Command {
	var f agentFlags
	addr, keyVariable := serve.DefaultAddr, ""
	c := serve.Config{Limits: serve.DefaultLimits()}
	l := &c.Limits
	command := &cobra.Command{
		Use:   "serve [EXPERIMENT:SYSTEM]",
		Short: "Let any client of OpenAI's chats talk with an agent, over HTTP",
		Long: `Serve opens an agent as chat does, and answers POST /v1/chat/completions, whole or in server-sent events, GET /v1/models,
/healthz, /readyz, which also asks whether the agent's model is at hand, and /metrics. The field user of a request names a user of the data set, whose history the agent then knows; anybody else
is somebody of whom nothing is known. Conversations are kept apart, and forgotten when nothing is said in them.

It listens on loopback, where everybody on the machine is one client. Elsewhere it needs --public, and a key, which clients send as
they send OpenAI's; encryption is a proxy's.`,
		Example: `  llm4rec serve
  LLM4REC_KEY=… llm4rec serve agents:talk-react --addr 0.0.0.0:8080 --public --key-variable LLM4REC_KEY
  curl -s 127.0.0.1:8080/v1/chat/completions --json '{"model":"llm4rec","user":"196","messages":[{"role":"user","content":"a comedy"}]}'`,
		Args: exactArgs(cobra.MaximumNArgs(1)),
		RunE: func(command *cobra.Command, args []string) error {
			name := "agents:scripted"
			if len(args) == 1 {
				name = args[0]
			}
			if keyVariable != "" {
				key := strings.TrimSpace(os.Getenv(keyVariable))
				if key == "" {
					return usageError{fmt.Errorf("--key-variable %s: the variable is empty", keyVariable)}
				}
				c.Keys = []string{key}
			}
			return g.serve(command.Context(), &f, name, addr, c)
		},
	}
	flags := command.Flags()
	flags.StringVar(&addr, "addr", addr, "where to listen")
	flags.BoolVar(&c.Public, "public", false, "listen elsewhere than on loopback")
	flags.StringVar(&keyVariable, "key-variable", "", "environment variable with the key that clients must have; empty: none is asked for")
	flags.StringSliceVar(&c.Hosts, "host", nil, "more names under which a server on loopback may be called, such as that of a proxy")
	flags.StringVar(&c.Model, "name", "", "of the model that clients see; empty: "+serve.DefaultModel)
	flags.IntVar(&l.Rate, "rate", l.Rate, "turns a minute of one client; 0: no limit")
	flags.IntVar(&l.Turns, "turns", l.Turns, "that are made at a time")
	flags.IntVar(&l.Sessions, "sessions", l.Sessions, "conversations that are kept")
	flags.DurationVar(&l.Idle, "idle", l.Idle, "after which one is forgotten")
	flags.DurationVar(&l.Turn, "turn-timeout", l.Turn, "for an answer")
	flags.DurationVar(&l.Grace, "grace", l.Grace, "for turns under way when the server ends")
	f.add(command)
	return command
}

func (g *globals) serve(ctx context.Context, f *agentFlags, name, addr string, c serve.Config) (err error) {
	o, err := f.open(ctx, g, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	c.Log = g.logger(g.stderr)
	c.Visitors = func(name string) (agent.Visitor, bool) { return suite.VisitorOf(o.cell, name) }
	c.Item = func(item int32) (id, title string) { return o.cell.Train.Items.Raw(item), o.Title(item) }
	c.Ready = o.Ready
	s, err := serve.New(o, c)
	if err != nil {
		return usageError{err}
	}
	if err = s.Run(ctx, addr); errors.Is(err, serve.ErrExposed) {
		err = usageError{fmt.Errorf("%w: --public and --key-variable", err)}
	}
	return err
}
