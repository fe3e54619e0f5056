package external

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"llm4rec/models"
	"llm4rec/models/modeltest"
)

// The file has one list for every user of the suite's data, all items in a turned order.
func TestConformance(t *testing.T) {
	const users, items = 40, 30
	var b strings.Builder
	for u := range users {
		for n := range items {
			fmt.Fprintf(&b, "%d Q0 %d %d %d other\n", u, (u+n)%items, n+1, items-n)
		}
	}
	path := filepath.Join(t.TempDir(), "run.txt")
	if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	modeltest.Run(t, func() models.Fitter { return Config{Path: path} }, modeltest.NotPersonalised)
}
