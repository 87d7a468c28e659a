package statement

// NewBody renders a statement.
var NewBody = newBody
