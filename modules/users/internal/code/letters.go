package code

import (
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
func (s *Service) shareOf(sent []Letter, who asker) (share Share, ok bool) {
	n, hourAgo := s.limits.LettersPerHour, s.now().Add(-time.Hour)
	count := func(in func(l Letter) bool) (hour, day int) {
		for _, l := range sent {
			if !in(l) {
				continue
			}
			day++
			if l.CreatedAt.After(hourAgo) {
				hour++
			}
		}
		return hour, day
	}
	if who.familiar {
		hour, day := count(func(l Letter) bool { return l.Network == who.network && l.Share == ShareOwn })
		return ShareOwn, hour < n && day < letterDays*n
	}
	if hour, _ := count(func(l Letter) bool { return l.Network == who.network && l.Share != ShareOwn }); hour >= s.limits.LettersPerNetwork {
		return "", false
	}
	place := device.PlaceOf(who.network)
	if _, seen := count(func(l Letter) bool { return l.Share != ShareOwn && device.PlaceOf(l.Network) == place }); seen == 0 {
		share = ShareFirst
		if who.known {
			share = ShareKnown
		}
		if _, day := count(func(l Letter) bool { return l.Share == share }); day < n {
			return share, true
		}
	}
	hour, _ := count(func(l Letter) bool { return l.Share != ShareOwn })
	_, day := count(func(l Letter) bool { return l.Share == ShareMore || l.Share == "" })
	return ShareMore, hour < n && day < n
}
