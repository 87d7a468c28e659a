package code

import (
	"cmp"
	"context"
	"time"

	"app/modules/users/internal/device"
	"app/modules/users/internal/store"
	"app/modules/users/internal/tries"
	"app/platform/callctx"
	"app/platform/database"
)

// letterDays is how many times the hourly limit of e-mails a day has, over all shares
// of strangers together, and for each network of the owner's.
const letterDays = 3

// asker is who asks for an e-mail, as far as that can be known.
type asker struct {
	network  string
	familiar bool // the account that the e-mail is for has signed in from the network
	known    bool // somebody has
}

// askerOf looks the network of the request up. accountID is empty when the e-mail is
// for nobody's account.
func askerOf(ctx context.Context, tx *database.Tx, accountID string) (a asker, err error) {
	a.network = store.Fit(callctx.ClientOf(ctx).Network, 64)
	if a.network == "" {
		return a, nil
	}
	if a.familiar, err = device.IsFamiliarNetwork(ctx, tx, accountID, a.network); err != nil {
		return asker{}, err
	}
	a.known, err = device.NetworkInUse(ctx, tx, a.network)
	return a, err
}

// LetterTo is the e-mail that somebody asks for. accountID is empty when it is for
// nobody's account, or when nobody has shown yet whose the address is.
type LetterTo struct {
	Purpose             Purpose
	EmailKey, accountID string
}

// DrawLetter takes an e-mail from one of the shares of its address; ok is false when
// there is none left. sent reads those of the last 24 hours.
func (s *Service) DrawLetter(ctx context.Context, tx *database.Tx, to LetterTo, sent func() ([]Letter, error)) (out Letter, ok bool, err error) {
	if err := s.holdLetters(ctx, tx, to); err != nil {
		return Letter{}, false, err
	}
	who, err := askerOf(ctx, tx, to.accountID)
	if err != nil {
		return Letter{}, false, err
	}
	before, err := sent()
	if err != nil {
		return Letter{}, false, err
	}
	out.Network = who.network
	out.Share, ok = s.shareOf(before, who)
	return out, ok, nil
}

// holdLetters makes everybody else who asks for e-mails to the address wait until this
// Write has ended, so that what is counted now holds.
func (s *Service) holdLetters(ctx context.Context, tx *database.Tx, to LetterTo) error {
	return tries.Hold(ctx, tx, s.secret.Hash("letters", string(to.Purpose), to.EmailKey), s.now())
}

// shareOf says which share of an address's e-mails the next one is taken from; ok is
// false when it gets none. sent are the e-mails of the last 24 hours, and n is
// LettersPerHour.
//
//  1. A network that the account has signed in from has n an hour and 3n a day of its
//     own, which nobody else can use up.
//  2. Any other network has LettersPerNetwork an hour.
//  3. Strangers get 3n a day together, in three shares of n: the first e-mail of a
//     place (what one provider has, see placeOf) that is known here, the first of a
//     place that is not, and all others, which are n an hour in any case.
//
// So one network, or many of one provider, use up the third share and no more: somebody
// elsewhere still gets an e-mail. Whoever has networks of ten providers uses up the
// second, and of ten where customers of the shop are the first; docs/adr says what is
// left then.
//
// Everything is counted whoever asks: else the time it takes would tell an owner's
// network from a stranger's.
func (s *Service) shareOf(sent []Letter, who asker) (share Share, ok bool) {
	n, c := s.limits.LettersPerHour, countShares(sent, who.network, s.now().Add(-time.Hour))
	switch first := firstShare(who.known); {
	case who.familiar:
		return ShareOwn, c.ownHour < n && c.ownDay < letterDays*n
	case c.networkHour >= s.limits.LettersPerNetwork:
		return "", false
	case c.placeDay == 0 && c.day[first] < n:
		return first, true
	default:
		return ShareMore, c.strangersHour < n && c.day[ShareMore] < n
	}
}

// shareCounts is how many e-mails an address has had in 24 hours, and of these in the
// last hour, as far as they matter to somebody who asks from a network.
type shareCounts struct {
	ownHour, ownDay int           // of the owner's share, from the network
	networkHour     int           // of strangers' shares, from the network
	placeDay        int           // the same, from the network's place
	strangersHour   int           // the same, from anywhere
	day             map[Share]int // of each share, from anywhere
}

func countShares(sent []Letter, network string, hourAgo time.Time) shareCounts {
	c, place := shareCounts{day: map[Share]int{}}, device.PlaceOf(network)
	for _, l := range sent {
		hour := 0
		if l.CreatedAt.After(hourAgo) {
			hour = 1
		}
		share := cmp.Or(l.Share, ShareMore)
		c.day[share]++
		there, near := l.Network == network, device.PlaceOf(l.Network) == place
		switch {
		case share == ShareOwn && there:
			c.ownHour, c.ownDay = c.ownHour+hour, c.ownDay+1
		case share == ShareOwn:
		default:
			c.strangersHour += hour
			if there {
				c.networkHour += hour
			}
			if near {
				c.placeDay++
			}
		}
	}
	return c
}

// firstShare is the share of the first e-mail of a place, which is known here or not.
func firstShare(known bool) Share {
	if known {
		return ShareKnown
	}
	return ShareFirst
}
