// Package usersv1 is the contract of the users module.
package usersv1

// DemoAddresses are those of the accounts that `app seed` makes: two buyers and three
// owners of merchants. Their password is in the program, so users warns of them where
// strangers may come.
var DemoAddresses = []string{
	"ada@example.com", "bob@example.com", "owner1@example.com", "owner2@example.com", "owner3@example.com",
}
