package lines

import (
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"
)

func TestEach(t *testing.T) {
	for content, want := range map[string][]string{
		"a\nb\n":         {"1 a", "2 b"},
		"a\r\nb":         {"1 a", "2 b"},
		"\ufeffa\n\nb\n": {"1 a", "2 ", "3 b"},
	} {
		var got []string
		err := Each(fstest.MapFS{"f": {Data: []byte(content)}}, "src", "f", func(s *Scanner, line []byte) error {
			got = append(got, strconv.Itoa(s.Line())+" "+string(line))
			return nil
		})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: got %q, %v", content, got, err)
		}
	}
	stop := errors.New("stop")
	if err := Each(fstest.MapFS{"f": {Data: []byte("a\nb\n")}}, "src", "f", func(*Scanner, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
}

func TestReadError(t *testing.T) {
	broken := errors.New("broken disk")
	s := New(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)), "src", "f")
	for _, ok := s.Next(); ok; _, ok = s.Next() {
	}
	if err := s.Close(); !errors.Is(err, broken) || err.Error() != "src: f: broken disk" {
		t.Errorf("got %v", err)
	}
}

func TestSplitAndWords(t *testing.T) {
	text := func(fields [][]byte) string {
		var s []string
		for _, f := range fields {
			s = append(s, string(f))
		}
		return strings.Join(s, ",")
	}
	for line, want := range map[string]string{"": "", "a": "a", "a::b": "a,b", "::a::": ",a,", "a:b:::c": "a:b,:c"} {
		if got := text(Split(nil, []byte(line), "::")); got != want {
			t.Errorf("Split %q: got %q, want %q", line, got, want)
		}
	}
	for line, want := range map[string]string{"": "", "  ": "", " a\t\tb ": "a,b", "a": "a"} {
		if got := text(Words(nil, []byte(line))); got != want {
			t.Errorf("Words %q: got %q, want %q", line, got, want)
		}
	}
}

func FuzzInt(f *testing.F) {
	for _, s := range []string{"0", "-1", "--1", "", "-", "+1", "12345678901234567890", "-9223372036854775808", "1e3", "007"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := Int([]byte(s))
		want, err := strconv.ParseInt(s, 10, 64)
		if strings.HasPrefix(s, "+") && !ok {
			return // not the way that any source writes a number
		}
		if ok != (err == nil) || ok && got != want {
			t.Errorf("%q: got %d, %v, want %d, %v", s, got, ok, want, err)
		}
	})
}

func FuzzFloat(f *testing.F) {
	for _, s := range []string{"5", "3.5", "0.1", "x", "", "1e9", "NaN", "Inf", "-inf", "1e999", "9.9", "a.b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := Float([]byte(s))
		want, err := strconv.ParseFloat(s, 64)
		finite := err == nil && !math.IsNaN(want) && !math.IsInf(want, 0)
		if ok != finite || ok && got != want {
			t.Errorf("%q: got %g, %v, want %g, %v", s, got, ok, want, err)
		}
	})
}

func TestParsersDoNotAllocate(t *testing.T) {
	number, half, whole := []byte("1112486027"), []byte("3.5"), []byte("4")
	if n := testing.AllocsPerRun(100, func() { Int(number); Float(half); Rating(whole) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func TestLatin1(t *testing.T) {
	for raw, want := range map[string]string{"plain": "plain", "Caf\xe9": "Café", "Café": "Café", "\xa1Alto!": "¡Alto!"} {
		if got, err := Latin1([]byte(raw)); err != nil || got != want {
			t.Errorf("%q: got %q, %v", raw, got, err)
		}
	}
	if _, err := Latin1([]byte("\x93quoted\x94")); err == nil {
		t.Error("a text of Windows passed for Latin-1")
	}
}
