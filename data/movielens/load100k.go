package movielens

import (
	"io/fs"

	"llm4rec/data"
)

// Load100K reads u.data, u.item, u.genre and u.user.
func Load100K(fsys fs.FS) (*data.Dataset, error) {
	b, err := ratings(fsys, "u.data", "\t", "", 20)
	if err != nil {
		return nil, err
	}
	names, err := genreNames(fsys)
	if err != nil {
		return nil, err
	}
	b.SetItemFields(append(itemFields[:len(itemFields):len(itemFields)], data.Field{Name: "release_date", Kind: data.Token})...)
	if err := rows(fsys, "u.item", "|", 5+len(names), func(f []string) error {
		if err := wholeNumber(f[0]); err != nil {
			return err
		}
		set, err := flagged(names, f[5:])
		if err != nil {
			return err
		}
		title, year := splitTitle(f[1])
		return b.AddItem(f[0], title, year, set, f[2])
	}); err != nil {
		return nil, err
	}
	b.SetUserFields(userFields[:]...)
	if err := rows(fsys, "u.user", "|", 5, func(f []string) error {
		if err := wholeNumber(f[0]); err != nil {
			return err
		}
		return b.AddUser(f[0], f[1:]...)
	}); err != nil {
		return nil, err
	}
	return b.Build("ml-100k")
}
