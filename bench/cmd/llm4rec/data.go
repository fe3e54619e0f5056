package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"llm4rec/bench/suite"
	"llm4rec/data"
	"llm4rec/data/fetch"
)

func dataCommand(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "data",
		Short: "List, download, verify and describe data sets",
		Long: `Data sets are looked for in the folders of --data, then in the user's cache folder, where 'fetch' puts them. Where a
name is asked for, a folder or file of your own does as well: 'llm4rec data describe ./mydata'. It may hold
MovieLens files (u.data, ratings.dat, ratings.csv), RecBole's atomic files (*.inter), or be a text file of sequences
("user item" a line, or "user item item …").`,
	}
	c.AddCommand(dataListCommand(g), dataFetchCommand(g), dataVerifyCommand(g), dataDescribeCommand(g))
	return group(c)
}

// datasets say where data sets are looked for, with downloads shown on standard error.
func (g *globals) datasets(fetchMissing bool) suite.DatasetOptions {
	log := g.logger(g.stderr)
	return suite.DatasetOptions{
		Dirs:    g.dataDirs,
		Fetch:   fetchMissing && !g.offline,
		Offline: g.offline, Results: g.results,
		Cache: fetch.Client{Log: log, Progress: fetch.Show(g.stderr, log)},
	}
}

// source finds a name of the registry; another name is a mistake on the command line.
func source(name string) (suite.Source, error) {
	s, err := suite.FindSource(name)
	if err != nil {
		return s, usageError{err}
	}
	return s, nil
}

func dataListCommand(g *globals) *cobra.Command {
	long := false
	c := &cobra.Command{
		Use:   "list",
		Short: "List the named data sets, and where they are on this machine",
		Args:  exactArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			t := tabwriter.NewWriter(g.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "NAME\tINTERACTIONS\tDOWNLOAD\tHERE\tTITLE")
			for _, s := range suite.Sources() {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", s.Name, count(s.Interactions), download(s), place(s, g.datasets(false)), s.Title)
			}
			if err := t.Flush(); err != nil || !long {
				return err
			}
			for _, s := range suite.Sources() {
				if _, err := fmt.Fprint(g.stdout, terms(s)); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().BoolVarP(&long, "long", "l", false, "with address, checksum, licence and citation")
	return c
}

func count(n int) string {
	if n == 0 {
		return "–"
	}
	return strconv.Itoa(n)
}

func download(s suite.Source) string {
	switch {
	case s.Address == "":
		return "–"
	case s.Size == 0:
		return "yes"
	}
	return fmt.Sprintf("%.1f MB", float64(s.Size)/1e6)
}

// place says where a set lies on this machine.
func place(s suite.Source, opt suite.DatasetOptions) string {
	if s.Generate != nil {
		return "generated"
	}
	if path, found := s.Here(opt); found {
		return path
	}
	return "–"
}

// terms are what one must know before using a set.
func terms(s suite.Source) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s: %s\n", s.Name, s.Title)
	for _, line := range []struct{ name, value string }{
		{"address", s.Address},
		{"checksum", string(s.ArchiveSum)},
		{"checksum at", s.SumAddress},
		{"licence", s.Licence},
		{"cite", s.Citation},
	} {
		if line.value != "" {
			fmt.Fprintf(&b, "  %s: %s\n", line.name, line.value)
		}
	}
	return b.String()
}

func dataFetchCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "fetch NAME…",
		Short: "Download data sets from their publishers into the cache folder",
		Long: `Downloads over HTTPS, goes on where an earlier download broke off, verifies the publisher's checksum before unpacking,
and prints the folder. A set that is in a folder of --data or in the cache already is not downloaded again.`,
		Args: exactArgs(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, names []string) error {
			for _, name := range names {
				s, err := source(name)
				if err != nil {
					return err
				}
				if s.Generate != nil {
					return usageError{fmt.Errorf("data set %s is generated: there is nothing to download", name)}
				}
				opt := g.datasets(true)
				if _, found := s.Here(opt); !found {
					if _, err := fmt.Fprint(g.stderr, terms(s), "\n"); err != nil {
						return err
					}
				}
				path, err := s.Obtain(c.Context(), opt)
				if err != nil {
					return err
				}
				if err := s.Check(os.DirFS(path), true); err != nil {
					return err
				}
				if _, err := fmt.Fprintln(g.stdout, path); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func dataVerifyCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "verify NAME…",
		Short: "Compare all files of data sets with the publishers' checksums, and read them",
		Args:  exactArgs(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, names []string) error {
			for _, name := range names {
				s, err := source(name)
				if err != nil {
					return err
				}
				d, path, err := suite.OpenDataset(c.Context(), name, g.datasets(false))
				if err != nil {
					return err
				}
				if s.Load != nil {
					if err := s.Check(os.DirFS(path), true); err != nil {
						return err
					}
				}
				if _, err := fmt.Fprintf(g.stdout, "%s: %s is whole: %d users, %d items, %d interactions, content %s\n",
					path, name, d.Users.Len(), d.Items.Len(), d.Inter.Len(), d.Checksum()); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func dataDescribeCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "describe NAME",
		Short: "Print what to know of a data set before believing a result on it",
		Args:  exactArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, names []string) error {
			if err := suite.CheckName(names[0]); err != nil {
				return usageError{err}
			}
			d, origin, err := suite.OpenDataset(c.Context(), names[0], g.datasets(true))
			if err != nil {
				return err
			}
			if _, err := data.Describe(d).WriteTo(g.stdout); err != nil {
				return err
			}
			_, err = fmt.Fprintf(g.stdout, "origin %s\n", origin)
			return err
		},
	}
}
