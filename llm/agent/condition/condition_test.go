package condition

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"llm4rec/data"
)

func films() *Table {
	return NewTable(data.Fields{
		{Name: "title", Values: []string{"Star Wars", "Alien", "Airplane!", "Usual Suspects, The", ""}},
		{Name: "year", Values: []string{"1977", "1979", "1980", "1995", ""}},
		{Name: "genres", Values: []string{"Action, Sci-Fi", "Horror, Sci-Fi", "Comedy", "Crime", ""}},
	}, 5)
}

func TestMatch(t *testing.T) {
	table := films()
	for text, want := range map[string][]int32{
		"genres = 'comedy'":                                         {2},
		"GENRES != 'Sci-Fi'":                                        {2, 3, 4},
		"year >= 1979 and year < 1995":                              {1, 2},
		"year = '1977' or title = \"alien\"":                        {0, 1},
		"year between 1978 and 1980":                                {1, 2},
		"year not between 1978 and 1980":                            {0, 3, 4},
		"genres in ('Crime', 'Horror')":                             {1, 3},
		"not (genres in ('Crime', 'Horror')) and title is not null": {0, 2},
		"title like 'star%'":                                        {0},
		"title like '%s%s%'":                                        {0, 3},
		"title like '_lien'":                                        {1},
		"title not like 'a%'":                                       {0, 3, 4},
		"genres like 'sci%'":                                        {0, 1},
		"title is null":                                             {4},
		"genres = 'Sci-Fi' and not (title like 'Star%')":            {1},
		"year > -5.5 and title <> 'it''s'":                          {0, 1, 2, 3},
		"genres = 'Comedy' or genres = 'Crime' and year < 1990":     {2},
	} {
		c, err := table.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var got []int32
		for i := range int32(table.Items) {
			if c.Match(i) {
				got = append(got, i)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

// An error says where it is, and what there is instead.
func TestErrors(t *testing.T) {
	table := films()
	for text, want := range map[string]string{
		"":                                      "position 1: want the name of a field, got the end; the fields are: title (text), year (number), genres (set)",
		"director = 'Kubrick'":                  `position 1: there is no field "director"; the fields are: title (text), year (number), genres (set)`,
		"year >= 1990 and genres = 'Comdy'":     "position 27: no item has 'Comdy' in genres; there are: Action, Comedy, Crime, Horror, Sci-Fi",
		"year > 'new'":                          "position 8: year is a number, 'new' is none",
		"genres < 'Comedy'":                     "position 8: genres has several values without an order: want =, !=, in or like, got <",
		"title = Alien":                         `position 9: want a number or a text in quotes to compare title with, got "Alien"`,
		"title = 'Alien":                        "position 9: the quote is not closed",
		"title = 'Alien'; drop table":           "position 16: ';' does not belong in a condition",
		"title = 'Alien' year = 3":              `position 17: want and, or, or the end, got "year"`,
		"(title = 'Alien'":                      "position 17: want ), got the end",
		"title":                                 "position 6: after title want =, !=, <, <=, >, >=, between, in, like or is null, got the end",
		"year = 1.2.3":                          `position 8: "1.2.3" is no number`,
		strings.Repeat("not ", 30) + "year = 1": "more than 20 deep",
		strings.Repeat("(", 900):                "more than 20 deep",
		strings.Repeat("year=1 or ", 70) + "year=1":                         "more than 60 comparisons",
		"year = 1" + strings.Repeat(" ", MaxLength):                         "at most 1000 bytes",
		"year in (1" + strings.Repeat(",1", 80) + ")":                       "more than 60 comparisons",
		"genres = 'Comedy' union select title from films where year = 1995": `want and, or, or the end, got "union"`,
	} {
		_, err := table.Parse(text)
		if failed := (*Error)(nil); !errors.As(err, &failed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %s", text, err, want)
		}
	}
}

func TestTable(t *testing.T) {
	table := films()
	if table.Kind("Year") != Number || table.Kind("genres") != Set || table.Kind("title") != Text || table.Kind("x") != "" {
		t.Error("kinds")
	}
	if got := table.Of("genres", 1); !slices.Equal(got, []string{"Horror", "Sci-Fi"}) {
		t.Error(got)
	}
	if c, err := table.Parse("year > 1 and genres = 'Crime' and year < 9"); err != nil || !slices.Equal(c.Fields(), []string{"genres", "year"}) {
		t.Errorf("%v, %v", c.Fields(), err)
	}
}

// A pattern of many % takes no longer than its length times the text's.
func TestLikeIsFast(t *testing.T) {
	start := time.Now()
	if like([]rune(strings.Repeat("%a", 400)+"b"), strings.Repeat("a", 20000)) {
		t.Error("matches")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"genres = 'Comedy' and year >= 1990 and not (title like 'Star%')", "year not in (1, 2.5, -3)", "title is not null or year between 1 and '2'", "((((", "not not year = ''", "'", "year<>1", "title = \"a\"\"b\"",
	} {
		f.Add(text)
	}
	table := films()
	f.Fuzz(func(t *testing.T, text string) {
		c, err := table.Parse(text)
		if err != nil {
			if failed := (*Error)(nil); !errors.As(err, &failed) || failed.At < 0 || failed.At > len(text) || failed.Message == "" {
				t.Fatalf("%v", err)
			}
			return
		}
		opposite, err := table.Parse("not (" + text + ")")
		if err != nil {
			if len(text)+6 > MaxLength || strings.Contains(err.Error(), "deep") {
				return
			}
			t.Fatalf("its opposite: %v", err)
		}
		for i := range int32(table.Items) {
			if c.Match(i) == opposite.Match(i) {
				t.Fatalf("item %d fulfils both or none", i)
			}
		}
	})
}
