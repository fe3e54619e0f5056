package movielens

import (
	"errors"
	"fmt"
	"io/fs"

	"llm4rec/data"
)

// Load1M reads ratings.dat, movies.dat and users.dat, which 10M lacks.
func Load1M(fsys fs.FS) (*data.Dataset, error) {
	b, err := ratings(fsys, "ratings.dat", "::", "", 24)
	if err != nil {
		return nil, err
	}
	b.SetItemFields(itemFields[:]...)
	if err := rows(fsys, "movies.dat", "::", 3, func(f []string) error {
		if err := wholeNumber(f[0]); err != nil {
			return err
		}
		title, year := splitTitle(f[1])
		return b.AddItem(f[0], title, year, genres(f[2]))
	}); err != nil {
		return nil, err
	}
	if _, err := fs.Stat(fsys, "users.dat"); errors.Is(err, fs.ErrNotExist) {
		return b.Build("ml-10m")
	}
	b.SetUserFields(userFields[:]...)
	if err := rows(fsys, "users.dat", "::", 5, func(f []string) error {
		if err := wholeNumber(f[0]); err != nil {
			return err
		}
		age, ok := ageRange(f[2])
		if !ok {
			return fmt.Errorf("the age %q is not one of the README's", f[2])
		}
		occupation, ok := occupationName(f[3])
		if !ok {
			return fmt.Errorf("the occupation %q is not one of the README's", f[3])
		}
		return b.AddUser(f[0], age, f[1], occupation, f[4])
	}); err != nil {
		return nil, err
	}
	return b.Build("ml-1m")
}

// ageRange gives the README's words for an age code.
func ageRange(code string) (string, bool) {
	words, ok := map[string]string{
		"1": "under 18", "18": "18-24", "25": "25-34", "35": "35-44", "45": "45-49", "50": "50-55", "56": "56+",
	}[code]
	return words, ok
}

// occupationName gives the README's words for an occupation code; 0, "other or not specified", is "other".
func occupationName(code string) (string, bool) {
	words, ok := map[string]string{
		"0": "other", "1": "academic/educator", "2": "artist", "3": "clerical/admin", "4": "college/grad student",
		"5": "customer service", "6": "doctor/health care", "7": "executive/managerial", "8": "farmer", "9": "homemaker",
		"10": "K-12 student", "11": "lawyer", "12": "programmer", "13": "retired", "14": "sales/marketing", "15": "scientist",
		"16": "self-employed", "17": "technician/engineer", "18": "tradesman/craftsman", "19": "unemployed", "20": "writer",
	}[code]
	return words, ok
}
