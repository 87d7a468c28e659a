package federation

import (
	"context"
	"strings"

	"app/modules/users/internal/account"
	"app/modules/users/internal/openid"
	"app/modules/users/usersevents"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/events"
	"app/platform/ids"
)

// CreateAccount makes an account without a password for somebody whose address the
// provider has verified. store.ErrDuplicate: the address has one.
func (s *Service) CreateAccount(ctx context.Context, tx *database.Tx, addr account.Address, who openid.Identity) (account.Account, error) {
	first, complaint := account.CleanName(who.FirstName)
	if complaint != "" || first == "" {
		local, _, _ := strings.Cut(addr.Typed, "@")
		if first, complaint = account.CleanName(local); complaint != "" {
			first = "Customer"
		}
	}
	last, _ := account.CleanName(who.LastName)
	owner := account.FromDraft(ids.New("usr", s.now()), account.Draft{
		Email: addr.Typed, EmailKey: addr.Key, FirstName: first, LastName: last, Locale: callctx.ClientOf(ctx).Locale(),
	}, s.now())
	if err := account.Insert(ctx, tx, owner); err != nil {
		return account.Account{}, err
	}
	return owner, events.Emit(ctx, tx, events.Key{Aggregate: "account", ID: owner.ID, Version: owner.Version},
		&usersevents.Registered{UserId: owner.ID, Email: owner.Email, FirstName: owner.FirstName, Locale: owner.Locale})
}
