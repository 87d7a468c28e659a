package template

// Counts says how an e-mail counts in the budget of its recipient: strangers can have
// e-mails written to addresses that are not theirs, and each address gets so many of
// all kinds together and no more.
type Counts int

// How e-mails count. Most is what a template has that does not say, so that a new one
// is counted.
const (
	// Most may use three quarters of the budget: what tells people something, and is no
	// loss to those who do not wait for it.
	Most Counts = iota
	// Whole may use all of it: the e-mails that somebody has to have in order to show
	// that an address is theirs.
	Whole
	// Half may use half of it: what merchants write.
	Half
	// Never is for what goes to nobody but the owner of an account, at the address that
	// they have shown to be theirs, and tells of what happened to the account, or gets
	// them into it. What strangers can have written of these is limited by users.
	Never
)

// Limit is how many e-mails of the kind may be among the e-mails of a full budget; at
// least one, where any are counted.
func (c Counts) Limit(budget int) int {
	switch c {
	case Whole:
		return budget
	case Half:
		return max(budget/2, 1)
	default:
		return max(budget*3/4, 1)
	}
}
