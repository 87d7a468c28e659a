package session

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/users/internal/account"
	"app/modules/users/internal/device"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/events"
)

// tellOfStranger tells the owner of a session that is about to be opened when the
// program or the place is strange to the account.
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
func (s *Service) tellOfStranger(ctx context.Context, tx *database.Tx, account account.Account, session Session) error {
	if session.UserAgent == "" && session.Network == "" {
		return nil // no request of the public API
	}
	familiar, err := device.IsFamiliar(ctx, tx, account.ID, session.Network, session.UserAgent)
	if err != nil || familiar {
		return err
	}
	devices, err := device.KnownTo(ctx, tx, account.ID)
	if err != nil || !s.isUnfamiliarDevice(account, session, devices) {
		return err
	}
	program, system := device.ProgramOf(session.UserAgent)
	return events.Emit(ctx, tx, events.Key{Aggregate: "session", ID: session.ID, Version: 1}, &usersevents.SignedInAnew{
		UserId: account.ID, Email: account.Email, FirstName: account.FirstName, Locale: account.Locale,
		SignedInAt: timestamppb.New(session.CreatedAt), Program: program, System: system,
	})
}

func (s *Service) isUnfamiliarDevice(account account.Account, session Session, known []device.Device) bool {
	if len(known) == 0 {
		return s.now().Sub(account.CreatedAt) >= s.limits.AuditKeep
	}
	program, system := device.ProgramOf(session.UserAgent)
	place := device.PlaceOf(session.Network)
	sameProgram, samePlace := false, place == ""
	for _, d := range known {
		p, on := device.ProgramOf(d.UserAgent)
		sameProgram = sameProgram || p == program && on == system
		samePlace = samePlace || device.PlaceOf(d.Network) == place
	}
	return !sameProgram || !samePlace
}
