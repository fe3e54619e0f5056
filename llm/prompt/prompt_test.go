package prompt

import (
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"llm4rec/llm"
)

type header struct {
	Name string `yaml:"name"`
	file Template
}

func parse(text string) (h header, err error) {
	h.file, err = Parse(text, &h, nil)
	return h, err
}

func TestRead(t *testing.T) {
	folder := fstest.MapFS{
		"b.txt": {Data: []byte("name: b\n---\n{{define \"system\"}} Be brief. {{end}}\r\nHello {{.}}.\n")},
		"a.txt": {Data: []byte("name: a\n---\nHello.")},
	}
	all := All(folder, parse)
	if len(all) != 2 || all[0].Name != "a" || all[0].file.Hash == all[1].file.Hash {
		t.Fatalf("%+v", all)
	}
	b, err := Read(folder, "b", parse)
	if err != nil {
		t.Fatal(err)
	}
	messages, err := b.file.Messages("you")
	want := []llm.Message{{Role: llm.System, Content: "Be brief."}, {Role: llm.User, Content: "Hello you."}}
	if err != nil || !reflect.DeepEqual(messages, want) {
		t.Errorf("%q, %v", messages, err)
	}
	if out, err := all[0].file.Run("system", nil); out != "" || err != nil {
		t.Errorf("a part that is not there: %q, %v", out, err)
	}
	for name, want := range map[string]string{"c": `"c" is not one of a, b, nor the path of a file`, "./c.txt": "no such file"} {
		if _, err := Read(folder, name, parse); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for text, want := range map[string]string{"name: x\n": `a line "---"`, "nick: x\n---\n": "header: ", "name: x\n---\n{{": "template"} {
		if _, err := parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
