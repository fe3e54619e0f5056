package itemknn

import (
	"testing"

	"llm4rec/models"
	"llm4rec/models/modeltest"
)

func TestConformance(t *testing.T) {
	for _, similarity := range []string{"cosine", "jaccard", "dice", "conditional"} {
		t.Run(similarity, func(t *testing.T) {
			c := Default()
			c.Similarity = similarity
			modeltest.Run(t, func() models.Fitter { return c })
		})
	}
	t.Run("a cut, a shrinkage and recency", func(t *testing.T) {
		c := Default()
		c.Neighbours, c.Shrink, c.Recency = 30, 2, models.Recency{History: 5, Decay: 0.8}
		modeltest.Run(t, func() models.Fitter { return c })
	})
}
