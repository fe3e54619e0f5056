package rank

import (
	"context"

	"llm4rec/llm"
	"llm4rec/llm/profile"
	"llm4rec/models"
)

// remember gathers what is known of the user beside the newest items of the history.
func (s *session) remember(ctx context.Context, m *profile.Memory, texts []string, q models.Query) error {
	for _, item := range m.Long(q, s.config.History, s.items()) {
		s.memory.Long = append(s.memory.Long, Line{Text: texts[item], item: item})
	}
	for _, x := range m.Liked(q) {
		s.memory.Liked = append(s.memory.Liked, Liked{Text: texts[x.Item], Users: x.Users})
	}
	like := llm.Request{
		Temperature: s.config.Temperature, MaxTokens: s.config.MaxTokens,
		Seed: int64(s.config.Seed), Replica: s.config.Replica * most * most,
	}
	var err error
	s.memory.Profile, err = m.Profile(q.User, s.prompt.Wordings[s.config.Wording]["item"], like, func(r llm.Request, class func(llm.Response) profile.Class) error {
		answer, err := s.client.Generate(ctx, r)
		if err != nil {
			s.tally.failure()
			return err
		}
		s.wall += answer.Wall
		s.tally.profile(answer, class(answer))
		return nil
	})
	return err
}
