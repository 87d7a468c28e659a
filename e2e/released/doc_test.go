// Package released_test holds that data written by an earlier release opens in this
// one.
//
// testdata has, for each engine, the shop that the release 4a7f25a left behind, and a
// story of it: who is in it, what they know (passwords, tokens, secrets), and what the
// release answered to their questions. TestReleased opens a copy, asks the same
// questions, and goes on where people stopped.
//
// The folder is made anew by the old program itself (nobody has to, unless a new
// release is to be kept):
//
//	git worktree add --detach /tmp/old 4a7f25a && go build -C /tmp/old -o /tmp/old/app .
//	go test ./e2e/released -count=1 -run TestRecord -args -record=/tmp/old/app -release=4a7f25a
package released_test
