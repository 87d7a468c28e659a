package service

import (
	"context"
	"errors"
	"time"

	"app/modules/merchants/internal/reason"
	"app/modules/merchants/internal/store"
	"app/modules/merchants/merchantsv1"
	"app/modules/users/usersv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
)

// Draft is a merchant to be.
type Draft struct {
	Name        string
	Slug        string // made from the name when empty
	Description string
}

// slugTries bounds how many slugs are tried when the plain one is taken.
const slugTries = 5

// Open opens a merchant account; the caller becomes its owner. A repetition with the
// same idempotency key finds the account. Errors: InvalidArgument with pointers,
// AlreadyExists (slug_taken) when the given slug is taken, Unauthenticated when the
// caller is not a user, ResourceExhausted (too_many_merchants) when the account has
// opened as many as one may.
func (s *Service) Open(ctx context.Context, d Draft) (View, error) {
	given := d.Slug != ""
	if wrong := d.normalizeAndValidate(); len(wrong) > 0 {
		return View{}, fault.Invalid(wrong...)
	}
	owner, err := s.findUser(ctx, identity.FromContext(ctx).UserID)
	if fault.CodeOf(err) == fault.NotFound {
		return View{}, fault.NotSignedIn.New().Because(err)
	}
	if err != nil {
		return View{}, err
	}
	id := ids.For(ctx, "mrc", s.Now())
	for try := range slugTries {
		m, err := s.insertMerchant(ctx, id, d, owner, s.mayOpen)
		if !errors.Is(err, store.ErrDuplicate) {
			return View{m, merchantsv1.Role_ROLE_OWNER}, err
		}
		if found, err := s.openedMerchant(ctx, id, owner.GetId()); !errors.Is(err, store.ErrNotFound) {
			return found, err
		}
		if given {
			break
		}
		d.Slug = withSuffix(slugOf(d.Name), id, try)
	}
	return View{}, reason.SlugTaken.New()
}

// normalizeAndValidate trims the draft, makes the slug that was not given, and lists
// what is wrong.
func (d *Draft) normalizeAndValidate() []fault.Field {
	wrong := append(cleanName(&d.Name), cleanDescription(&d.Description)...)
	if d.Slug == "" {
		d.Slug = slugOf(d.Name)
	}
	if !validSlug(d.Slug) {
		wrong = append(wrong, fault.Field{Pointer: "/slug", Detail: "expected 3 to 48 lower-case letters, digits and single hyphens between them"})
	}
	return wrong
}

// insertMerchant writes merchant, owner and, when it may sell at once,
// MerchantApproved. allowed is asked last, under the lock of the owner's account: what
// it refuses is undone.
func (s *Service) insertMerchant(ctx context.Context, id string, d Draft, owner *usersv1.User, allowed func(context.Context, *database.Tx, string) error) (store.Merchant, error) {
	m := store.Merchant{
		ID: id, Slug: d.Slug, Name: d.Name, Description: d.Description, Status: store.Pending, Version: 1,
		CreatedAt: s.Now().Truncate(time.Microsecond), OpenedBy: owner.GetId(),
	}
	if s.AutoApprove {
		m.Status = store.Approved
	}
	return m, s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := store.LockAccount(ctx, tx, m.OpenedBy); err != nil {
			return err
		}
		if err := store.InsertMerchant(ctx, tx, m); err != nil {
			return err
		}
		if err := store.InsertMember(ctx, tx, store.Member{MerchantID: id, UserID: m.OpenedBy, Role: merchantsv1.Role_ROLE_OWNER, CreatedAt: m.CreatedAt}); err != nil {
			return err
		}
		if m.Status == store.Approved {
			if err := emitApproved(ctx, tx, m, owner); err != nil {
				return err
			}
		}
		return allowed(ctx, tx, m.OpenedBy)
	})
}

// mayOpen bounds what one account opens, the merchant just inserted included: so a
// repetition of a request finds its merchant first.
func (s *Service) mayOpen(ctx context.Context, tx *database.Tx, user string) error {
	all, pending, err := store.CountOpened(ctx, tx, user)
	switch {
	case err != nil:
		return err
	case all > s.Limits.Merchants:
		return reason.TooManyMerchants.Newf("One account opens %d merchants at most.", s.Limits.Merchants)
	case pending > s.Limits.Pending:
		return reason.TooManyMerchants.Newf("%d of your merchants wait for approval: no more until then.", s.Limits.Pending)
	}
	return nil
}

// anyNumber is what `app seed` may open.
func anyNumber(context.Context, *database.Tx, string) error { return nil }

// openedMerchant finds the merchant that an earlier run of the same request made.
func (s *Service) openedMerchant(ctx context.Context, id, owner string) (View, error) {
	return database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (View, error) {
		return merchantView(ctx, q, id, owner)
	})
}
