package movielens

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// genreNames reads u.genre: the name of each genre column of u.item, in order.
func genreNames(fsys fs.FS) ([]string, error) {
	var names []string
	err := rows(fsys, "u.genre", "|", 2, func(f []string) error {
		if f[1] != strconv.Itoa(len(names)) {
			return fmt.Errorf("genre %q has number %q, want %d", f[0], f[1], len(names))
		}
		names = append(names, f[0])
		return nil
	})
	return names, err
}

// flagged joins the names whose flag is 1.
func flagged(names, flags []string) (string, error) {
	var set []string
	for n, flag := range flags {
		switch {
		case flag == "1" && names[n] != "unknown":
			set = append(set, names[n])
		case flag != "0" && flag != "1":
			return "", fmt.Errorf("the flag of genre %s is %q, want 0 or 1", names[n], flag)
		}
	}
	return strings.Join(set, ", "), nil
}
