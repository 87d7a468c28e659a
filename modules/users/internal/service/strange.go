package service

import (
	"context"
	"net/netip"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/users/internal/store"
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
func (s *Service) tellOfStranger(ctx context.Context, tx *database.Tx, account store.Account, session store.Session) error {
	if session.UserAgent == "" && session.Network == "" {
		return nil // no request of the public API
	}
	familiar, err := store.FamiliarDevice(ctx, tx, account.ID, session.Network, session.UserAgent)
	if err != nil || familiar {
		return err
	}
	devices, err := store.Devices(ctx, tx, account.ID)
	if err != nil || !s.isUnfamiliarDevice(account, session, devices) {
		return err
	}
	program, system := programOf(session.UserAgent)
	return events.Emit(ctx, tx, events.Key{Aggregate: "session", ID: session.ID, Version: 1}, &usersevents.SignedInAnew{
		UserId: account.ID, Email: account.Email, FirstName: account.FirstName, Locale: account.Locale,
		SignedInAt: timestamppb.New(session.CreatedAt), Program: program, System: system,
	})
}

func (s *Service) isUnfamiliarDevice(account store.Account, session store.Session, known []store.Device) bool {
	if len(known) == 0 {
		return s.now().Sub(account.CreatedAt) >= s.limits.AuditKeep
	}
	program, system := programOf(session.UserAgent)
	place := placeOf(session.Network)
	sameProgram, samePlace := false, place == ""
	for _, d := range known {
		p, on := programOf(d.UserAgent)
		sameProgram = sameProgram || p == program && on == system
		samePlace = samePlace || placeOf(d.Network) == place
	}
	return !sameProgram || !samePlace
}

// programs and systems are what a User-Agent says and what people call that. The first
// that is found counts: most say that they are others too.
var (
	programs = [][2]string{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	}
	systems = [][2]string{
		{"Windows", "Windows"}, {"Android", "Android"}, {"iPhone", "iOS"}, {"iPad", "iPadOS"}, {"Macintosh", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	}
)

// programOf names the program and its system, each empty when it is none of the usual
// ones: an e-mail shows nothing that a stranger has made up.
func programOf(agent string) (program, system string) {
	return firstIn(agent, programs), firstIn(agent, systems)
}

func firstIn(text string, names [][2]string) string {
	for _, n := range names {
		if strings.Contains(text, n[0]) {
			return n[1]
		}
	}
	return ""
}

// placeOf widens a network to what one provider has; empty when there is none.
func placeOf(network string) string {
	prefix, err := netip.ParsePrefix(network)
	if err != nil {
		return ""
	}
	bits := 32
	if prefix.Addr().Is4() {
		bits = 16
	}
	return netip.PrefixFrom(prefix.Addr(), min(bits, prefix.Bits())).Masked().String()
}
