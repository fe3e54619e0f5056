package results

// AccountFor is the account of a model that does not rank, with what it was asked for.
type AccountFor struct {
	For string
	Account
}

// Accounts are those of a record's models that do not rank.
func (r Record) Accounts() []AccountFor {
	var out []AccountFor
	add := func(what string, x *Account) {
		if x != nil {
			out = append(out, AccountFor{what, *x})
		}
	}
	if x := r.Reasons; x != nil {
		add("reasons", x.Account)
	}
	if x := r.Agent; x != nil {
		add("agent", x.Account)
		add("critic", x.Critic)
	}
	if x := r.Dialogue; x != nil {
		add("agent", x.Agent.Account)
		add("critic", x.Agent.Critic)
		add("simulated user", x.User)
	}
	return out
}
