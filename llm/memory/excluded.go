package memory

import (
	"slices"
	"strings"
	"unicode"
)

// later are the names of what became of an item once it was out, as TMDB, IMDb, OMDb and shops have them: what a recommender
// is to predict is in it, and it was measured after the histories end.
var later = strings.Fields(`rating ratings averagerating avgrating meanrating numratings ratingcount ratingscount ratingnumber numberofratings
	vote votes voteaverage votecount votescount numvotes popularity popular popularityscore imdbrating imdbvotes tmdbrating
	score metascore tomatometer tomatorating rottentomatoes review reviews reviewcount numreviews reviewscount
	revenue boxoffice gross sales salesrank rank awards oscars prizes`)

// Excluded says whether a field of this name would carry later knowledge: a rating, votes, popularity, sales or prizes. Such a
// field is neither filled nor stored, whatever source has it. Case and what is no letter do not count: voteAverage is
// vote_average.
func Excluded(name string) bool {
	letters := strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
	return slices.Contains(later, letters)
}
