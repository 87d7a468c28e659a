package device

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/users/internal/account"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/events"
)

// Opening is a session that is about to be opened.
type Opening struct {
	Device

	SessionID string
	At        time.Time
}

// Notice tells the owner of a session that is about to be opened when the program or the
// place is strange to the account. remembered is how long the audit log goes back.
//
//  1. A program is what it says it is and what it runs on, without versions: an update
//     is no stranger. All that are none of the usual ones are one.
//  2. A place is the provider's part of the address (an IPv4 /16, an IPv6 /32): the
//     next address of the same line is no stranger.
//  3. Either is known by the account's sessions and by its audit log, which remembers
//     for as long as it is kept; nothing else is kept for this.
//  4. Nothing is strange to an account that has never been signed in to, unless it is
//     older than what is remembered.
//
// Whoever imitates the owner's program from the owner's provider is not noticed. The
// event says what the program is and not where it was.
func Notice(ctx context.Context, tx *database.Tx, owner account.Account, opening Opening, remembered time.Duration) error {
	if opening.Device == (Device{}) {
		return nil // no request of the public API
	}
	familiar, err := IsFamiliar(ctx, tx, owner.ID, opening.Network, opening.UserAgent)
	if err != nil || familiar {
		return err
	}
	known, err := KnownTo(ctx, tx, owner.ID)
	if err != nil {
		return err
	}
	if len(known) == 0 && opening.At.Sub(owner.CreatedAt) < remembered || opening.IsLike(known) {
		return nil
	}
	program, system := ProgramOf(opening.UserAgent)
	return events.Emit(ctx, tx, events.Key{Aggregate: "session", ID: opening.SessionID, Version: 1}, &usersevents.SignedInAnew{
		UserId: owner.ID, Email: owner.Email, FirstName: owner.FirstName, Locale: owner.Locale,
		SignedInAt: timestamppb.New(opening.At), Program: program, System: system,
	})
}
