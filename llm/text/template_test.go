package text

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"llm4rec/data"
)

func TestRender(t *testing.T) {
	fields := data.Fields{
		{Name: "title", Values: []string{"Alien", "Heat", "", "  Up  "}},
		{Name: "year", Values: []string{"1979", "", "1990", ""}},
		{Name: "genres", Values: []string{"Horror Sci-Fi", "Crime", "", ""}},
	}
	for _, c := range []struct {
		template Template
		want     []string
	}{
		{Plain("title", "genres", "year"), []string{"Alien Horror Sci-Fi 1979", "Heat Crime", "1990", "Up"}},
		{"{title} ({year}), {genres}.", []string{"Alien (1979), Horror Sci-Fi.", "Heat Crime.", "1990", "Up"}},
		{"Film: {title}. Of: {year}", []string{"Film: Alien. Of: 1979", "Film: Heat", "1990", "Film: Up"}},
		{"{title} {title}", []string{"Alien Alien", "Heat Heat", "", "Up Up"}},
	} {
		got, err := c.template.Render(fields, 4)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, %v, want %q", c.template, got, err, c.want)
		}
	}
}

func TestRenderSaysWhatIsWrong(t *testing.T) {
	fields := data.Fields{{Name: "title", Values: []string{"Alien"}}}
	if _, err := Plain("overview").Render(fields, 1); !errors.Is(err, ErrNoField) || !strings.Contains(err.Error(), "there are: title") {
		t.Errorf("unknown field: %v", err)
	}
	for _, bad := range []Template{"", "title", "{title", "{Title}", "{title} {}"} {
		if _, err := bad.Render(fields, 1); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestHashTellsTemplatesApart(t *testing.T) {
	if Plain("title").Hash() == Plain("title", "year").Hash() || Plain("title").Hash() != Template("{title}").Hash() {
		t.Error("hashes")
	}
}
