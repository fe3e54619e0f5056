package simulate

import (
	"slices"
	"strings"
	"testing"

	"llm4rec/data"
	"llm4rec/eval/dialogue"
	"llm4rec/llm/agent"
)

func genre(v string) Clause { return Clause{Field: "genres", Value: v} }

var (
	nineties = Clause{Field: "year", From: 1990, To: 1999}
	matrix   = []Constraint{{genre("Sci-Fi"), dialogue.Volunteered}, {genre("Action"), dialogue.OnAsk}, {genre("Thriller"), dialogue.Hidden}}
)

func TestRules(t *testing.T) {
	x := films(t)
	if !slices.Equal(x.Fields, []string{"genres", "director", "year"}) {
		t.Fatalf("%q", x.Fields)
	}
	for name, c := range map[string]struct {
		text  string
		items []int32
		want  string
		said  []Clause
	}{
		"field":           {"What genre are you in the mood for?", nil, "Sci-Fi and Action, please.", []Clause{genre("Action")}},
		"usual word":      {"What kind of film?", nil, "Sci-Fi and Action, please.", []Clause{genre("Action")}},
		"no question":     {"Tell me the genre.", nil, "Sci-Fi and Action, please.", []Clause{genre("Action")}},
		"no constraint":   {"By which director?", nil, "I do not mind.", nil},
		"true":            {"Do you want action?", nil, "Yes, Action.", []Clause{genre("Action")}},
		"false":           {"Some horror?", nil, "Not Horror.", []Clause{genre("Horror").opposite()}},
		"turned":          {"You do not want horror, do you?", nil, "Not Horror.", []Clause{genre("Horror").opposite()}},
		"two":             {"Comedy or science fiction?", nil, "Not Comedy. Yes, Sci-Fi.", []Clause{genre("Comedy").opposite()}},
		"a list":          {"Action, comedy, crime, horror or western?", nil, "Sci-Fi and Action, please.", []Clause{genre("Action")}},
		"hidden":          {"A thriller?", nil, "I could not say.", nil},
		"no title":        {"Have you seen “Action Horror”?", nil, "Nothing that I could name.", nil},
		"decade":          {"From the 90s?", nil, "Yes, from the 1990s.", []Clause{nineties}},
		"range":           {"Between 1970 and 1985?", nil, "Not from 1970 to 1985.", []Clause{{Field: "year", From: 1970, To: 1985, Not: true}}},
		"before":          {"Is it older than 2000?", nil, "Yes, before 2000.", []Clause{{Field: "year", To: 1999}}},
		"after":           {"after 1999?", nil, "Not after 1999.", []Clause{{Field: "year", From: 2000, To: lastYear, Not: true}}},
		"director":        {"Something by Cameron?", nil, "Not director Cameron.", []Clause{{Field: "director", Value: "Cameron", Not: true}}},
		"else":            {"What else?", nil, "I want Action.", []Clause{genre("Action")}},
		"greeting":        {"Good morning!", nil, "I do not know.", nil},
		"nothing":         {"", nil, "I do not know.", nil},
		"binary":          {"\xff\x00\u202e", nil, "I do not know.", nil},
		"hit":             {"This?", []int32{1, 4}, "Yes, that is the one, thank you.", nil},
		"beyond k":        {"These?", []int32{0, 2, 1, 4}, "No, none of these. I want Action, and the first is not.", []Clause{genre("Action")}},
		"hidden reason":   {"This?", []int32{2}, "No, none of these. I want Thriller, and the first is not.", []Clause{genre("Thriller")}},
		"none there":      {"These?", []int32{-1, 99}, "No, none of these.", nil},
		"prose of items":  {"A comedy of the 1970s.", []int32{2}, "No, none of these. I want Thriller, and the first is not.", []Clause{genre("Thriller")}},
		"asks as well":    {"Here you are. Or a comedy?", []int32{2}, "No, none of these. I want Thriller, and the first is not. Not Comedy.", []Clause{genre("Thriller"), genre("Comedy").opposite()}},
		"four questions":  {"Horror? Comedy? Crime? Western?", nil, "Not Horror. Not Comedy. Not Crime.", []Clause{genre("Horror").opposite(), genre("Comedy").opposite(), genre("Crime").opposite()}},
		"the second only": {"These?", []int32{-1, 2}, "No, none of these. I want Thriller, and the second is not.", []Clause{genre("Thriller")}},
	} {
		u := wants(x, 4, nil, matrix...)
		if got := u.Open(); got != "Hello, I am looking for something. I want Sci-Fi." || !slices.Equal(u.Said(), []Clause{genre("Sci-Fi")}) {
			t.Fatalf("%q, %v", got, u.Said())
		}
		got, over, err := u.Reply(t.Context(), agent.Turn{Text: c.text, Items: c.items})
		if err != nil || got != c.want || !slices.Equal(u.Said()[1:], c.said) || over != (name == "hit") {
			t.Errorf("%s: %q, %v, %v, over %v", name, got, u.Said()[1:], err, over)
		}
		if x.Consistent(u.Said(), nil, agent.Visitor{}) < 1 {
			t.Errorf("%s: nothing is consistent with %v", name, u.Said())
		}
	}
}

func TestHistory(t *testing.T) {
	x := films(t)
	for _, c := range []struct {
		target  int32
		history []int32
		want    string
	}{
		{4, []int32{3, 0, 1, 2}, "Lately “Aliens”, “Heat”, “Alien”."},
		{0, []int32{1, 2}, "Lately “Aliens”, “Heat”."}, // Aliens is another word than Alien
		{4, []int32{5, 77, -1}, "Lately “item i5”."},
		{4, nil, "Nothing that I could name."},
	} {
		u := wants(x, c.target, c.history)
		if got, _, _ := u.Reply(t.Context(), agent.Turn{Text: "What have you watched recently?"}); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	u := wants(x, 4, []int32{1}, matrix...)
	if got, _, _ := u.Reply(t.Context(), agent.Turn{Items: []int32{1}}); got != "No, none of these. I want Sci-Fi, and the first is not." {
		t.Errorf("%q", got)
	}
	u = wants(x, 4, []int32{1})
	if got, _, _ := u.Reply(t.Context(), agent.Turn{Items: []int32{0, 1}}); got != "No, none of these. The second I know already." {
		t.Errorf("%q", got)
	}
}

// A secret is one until something is rejected for it.
func TestHiddenBecomesKnown(t *testing.T) {
	u := wants(films(t), 4, nil, matrix...)
	for _, c := range []struct {
		turn agent.Turn
		want string
	}{
		{agent.Turn{Text: "Which genre?"}, "Sci-Fi and Action, please."},
		{agent.Turn{Text: "Thriller?"}, "I could not say."},
		{agent.Turn{Text: "Anything else?"}, "Nothing else."},
		{agent.Turn{Items: []int32{2}}, "No, none of these. I want Thriller, and the first is not."},
		{agent.Turn{Text: "Thriller?"}, "Yes, Thriller."},
		{agent.Turn{Text: "Which genre?"}, "Sci-Fi and Action and Thriller, please."},
		{agent.Turn{Items: []int32{2}}, "No, none of these. I want Thriller, and the first is not."},
	} {
		if got, _, _ := u.Reply(t.Context(), c.turn); got != c.want {
			t.Errorf("%+v: %q, want %q", c.turn, got, c.want)
		}
	}
	u = wants(films(t), 4, nil, Constraint{nineties, dialogue.Hidden})
	for _, text := range []string{"Which decade?", "the 90s?", "before 1950?"} { // every range of years says something of the decade
		if got, _, _ := u.Reply(t.Context(), agent.Turn{Text: text}); got != "I could not say." {
			t.Errorf("%s: %q", text, got)
		}
	}
}

// What names the item is said in other words, or not at all, and what was not said is not revealed.
func TestUnspeakable(t *testing.T) {
	x := films(t)
	u := wants(x, 3, nil)
	if got, _, _ := u.Reply(t.Context(), agent.Turn{Text: "A western? A comedy?"}); got != "Yes, Comedy." || !slices.Equal(u.Said(), []Clause{genre("Comedy")}) {
		t.Errorf("%q, %v", got, u.Said())
	}
	tasks, err := x.Tasks([]Case{{Target: 3}, {Target: 5}}, 1, 9)
	if err != nil {
		t.Fatal(err)
	}
	if c := tasks[0].Constraints; len(c) != 2 || slices.ContainsFunc(c, func(c Constraint) bool { return c.Value == "Western" }) {
		t.Errorf("%v", c)
	}
	if tasks[1].Constraints != nil {
		t.Errorf("an item without fields: %v", tasks[1].Constraints)
	}
	// Every word that the rules use is the title of a film, once.
	words := strings.Fields("want and never yes not hello i am looking for something please recommend good day would like yes that is the one thank you great no none of these do not know who knows idea could say hard to tell nothing else all lately first mind anything goes whatever from 1970s name which genre it item before or later already")
	for _, w := range words {
		for _, title := range []string{w, strings.ToUpper(w), "The " + w} {
			x := films(t, data.Field{Name: "title", Values: []string{title, "Heat", "Aliens", "Western", "Matrix, The", ""}}, data.Field{Name: "year", Values: []string{"1979", "1995", "1986", "1997", "1999", ""}}, data.Field{Name: "genres", Values: []string{"Horror", "Crime", "Action", "Comedy", "Action", ""}})
			for _, history := range [][]int32{nil, {1, 2, 5}} {
				u := wants(x, 0, history, Constraint{genre("Horror"), dialogue.Volunteered}, Constraint{Clause{Field: "year", From: 1970, To: 1979}, dialogue.OnAsk})
				all := []string{u.Open()}
				for _, turn := range []agent.Turn{{Text: "Which genre?"}, {Text: "Which decade?"}, {Text: "Which director?"}, {Text: "What did you see? What have you watched?"}, {Text: "?"}, {Text: "else"}, {Items: []int32{1, 2}}, {Items: []int32{5}}, {Text: "Comedy? Before 1980?"}, {Items: []int32{0}}} {
					got, _, _ := u.Reply(t.Context(), turn)
					all = append(all, got)
				}
				for _, text := range all {
					if named(title, "i0", text) || text == "" {
						t.Errorf("%s: %q", title, text)
					}
				}
			}
		}
	}
}

// What agents say, by what users understand.
func TestUnderstand(t *testing.T) {
	x := films(t)
	is := func(v string) question { return question{whether, "genres", genre(v)} }
	genres, years := question{act: about, field: "genres"}, question{act: about, field: "year"}
	for text, want := range map[string][]question{
		"What **genre** do you prefer?":                               {genres},
		"Hi! What kinds of movies do you usually enjoy?":              {genres},
		"Do you prefer older films, or recent ones?":                  {years},
		"Which genre, and which decade?":                              {genres, years},
		"Do you like \"comedy\" or *Western*?":                        {is("Comedy"), is("Western")},
		"Have you seen *Western Nights* or “Action Jackson”?":         {{act: taken}},
		"Would you prefer:\n- comedies\n- sci-fi\n- something scary?": {is("Comedy"), is("Sci-Fi"), is("Horror")},
		"What would you like to watch tonight?":                       {{act: more}},
		"Is there anything else I should know?":                       {{act: more}},
		"Which films have you liked?":                                 {{act: taken}},
		"Who should direct it? Any director?":                         {{act: about, field: "director"}},
		"Scott's films?":                                              {{whether, "director", Clause{Field: "director", Value: "Scott"}}},
		"Something from the late 1990s?":                              {{whether, "year", nineties}},
		"¿Qué género prefieres?":                                      nil,
		"Ok.":                                                         nil,
		strings.Repeat("1990 1991 1992 1993 1994? ", 200):             {years},
	} {
		if got := x.understand(agent.Turn{Text: text}); !slices.Equal(got, want) {
			t.Errorf("%s: %v", text, got)
		}
	}
	// Beside items, only a question is one.
	for text, want := range map[string][]question{
		"I found a comedy of 1994, and a western. Do these fit?": nil,
		"Here is a comedy. Would another genre be better?":       {genres},
		"A comedy?": {is("Comedy")},
		"I recommend:\n- Heat (1995), Crime\n- Who Framed Roger Rabbit? (1988), Action, Comedy\n2. What Is It? A comedy?\nWhich genre is better?": {genres},
	} {
		if got := x.understand(agent.Turn{Text: text, Items: []int32{0}}); !slices.Equal(got, want) {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestYears(t *testing.T) {
	for text, want := range map[string][]Clause{
		"the 90s":                   {nineties},
		"the '90s or the 1980s":     {nineties, {Field: "year", From: 1980, To: 1989}},
		"1990's":                    {nineties},
		"the 20s":                   {{Field: "year", From: 2020, To: 2029}},
		"in 1994?":                  {{Field: "year", From: 1994, To: 1994}},
		"in 1990?":                  {{Field: "year", From: 1990, To: 1990}},
		"from 1990 to 1999":         {nineties},
		"1990–1999":                 {nineties},
		"since the 1990s":           {{Field: "year", From: 1990, To: lastYear}},
		"after the 1990s":           {{Field: "year", From: 2000, To: lastYear}},
		"before the 90s":            {{Field: "year", To: 1989}},
		"1999 to 1990":              nil,
		"12345 and 19x, 200, 4000s": nil,
		"my 3 kids":                 nil,
	} {
		if got := yearsIn("year", text); !slices.Equal(got, want) {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// Without fields there is nothing to say, and nothing breaks.
func TestNoFields(t *testing.T) {
	x := films(t, data.Field{Name: "title", Values: []string{"Alien", "Heat", "Aliens", "Western", "Matrix, The", ""}})
	if len(x.Fields) != 0 {
		t.Errorf("%q", x.Fields)
	}
	tasks, err := x.Tasks([]Case{{Target: 1}}, 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	u := Rules{}.User(tasks[0], 0, 3)
	if got := u.Open(); got != "Hello, I am looking for something." {
		t.Errorf("%q", got)
	}
	for _, turn := range []agent.Turn{{Text: "Which genre? From the 1990s?"}, {Items: []int32{0, 2}}, {Text: "Comedy?"}} {
		if got, _, _ := u.Reply(t.Context(), turn); got == "" || len(u.Said()) > 0 {
			t.Errorf("%q, %v", got, u.Said())
		}
	}
	if n := x.Consistent(u.Said(), []int32{0, 2}, agent.Visitor{Exclude: []int32{3}}); n != 3 {
		t.Errorf("%d items are left", n)
	}
	brands := films(t, data.Field{Name: "brand", Values: []string{"Lego", "Lego", "Fuji", "", "", ""}})
	if !slices.Equal(brands.Fields, []string{"brand"}) {
		t.Errorf("%q", brands.Fields)
	}
	u = wants(brands, 0, nil)
	if got, _, _ := u.Reply(t.Context(), agent.Turn{Text: "Is it of Fuji or Lego?"}); got != "Not brand Fuji. Yes, brand Lego." {
		t.Errorf("%q", got)
	}
}

func FuzzReply(f *testing.F) {
	for _, s := range []string{"Which genre?", "before the 90s", "\xff\x00", "“", "19", "0s", "’s", "1990-", "action; horror? 1999 until 2005"} {
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, text string, recommends bool) {
		x := films(t)
		u := wants(x, 4, nil, matrix...)
		u.Open()
		turn := agent.Turn{Text: text}
		if recommends {
			turn.Items = []int32{2, -7, 1 << 30}
		}
		got, over, err := u.Reply(t.Context(), turn)
		if got == "" || over || err != nil || u.leak.In(got) || len(got) > 1000 {
			t.Fatalf("%q: %q, %v, %v", text, got, over, err)
		}
		for _, c := range u.Said() {
			if !x.Holds(c, 4) {
				t.Fatalf("%q: %v is not so", text, c)
			}
		}
	})
}
