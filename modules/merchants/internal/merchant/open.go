package merchant

import (
	"context"
	"errors"

	"app/modules/merchants/internal/member"
	"app/modules/merchants/internal/reason"
	"app/modules/merchants/merchantsv1"
	"app/modules/users/usersv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
	"app/platform/slug"
)

// slugTries bounds how many slugs are tried when the plain one is taken.
const slugTries = 5

// Open opens a merchant account; the caller becomes its owner. A repetition with the
// same idempotency key finds the account. Errors: InvalidArgument with pointers,
// slug.Taken when the given slug is taken, fault.NotSignedIn when the caller is
// not a user, reason.TooManyMerchants when the account has opened as many as one may.
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
		m := d.asMerchant(id, owner.GetId(), s.firstStatus(), s.Now())
		err := s.createMerchant(ctx, m, owner, s.withinLimits)
		if !errors.Is(err, database.ErrDuplicate) {
			return View{m, merchantsv1.Role_ROLE_OWNER}, err
		}
		if found, err := s.openedBefore(ctx, id, owner.GetId()); !errors.Is(err, database.ErrNotFound) {
			return found, err
		}
		if given {
			break
		}
		d.Slug = withSuffix(slug.Of(d.Name, slugKind), id, try)
	}
	return View{}, slug.Taken.Newf("Another merchant has this slug.")
}

// limit refuses a merchant that an account has just opened.
type limit func(ctx context.Context, tx *database.Tx, userID string) error

// firstStatus is the status of a merchant that somebody opens.
func (s *Service) firstStatus() Status {
	if s.AutoApprove {
		return Approved
	}
	return Pending
}

// createMerchant writes merchant, owner and, when it may sell at once,
// MerchantApproved. allowed is asked last, under the lock of the owner's account: what
// it refuses is undone. database.ErrDuplicate: the id or the slug is taken.
func (s *Service) createMerchant(ctx context.Context, m Merchant, owner *usersv1.User, allowed limit) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := LockAccount(ctx, tx, m.OpenedBy); err != nil {
			return err
		}
		if err := insertMerchant(ctx, tx, m); err != nil {
			return err
		}
		first := member.Member{MerchantID: m.ID, UserID: m.OpenedBy, Role: merchantsv1.Role_ROLE_OWNER, CreatedAt: m.CreatedAt}
		if err := member.Insert(ctx, tx, first); err != nil {
			return err
		}
		if m.Status == Approved {
			if err := emitApproved(ctx, tx, m, owner); err != nil {
				return err
			}
		}
		return allowed(ctx, tx, m.OpenedBy)
	})
}

// withinLimits bounds what one account opens, the merchant just inserted included: so a
// repetition of a request finds its merchant first.
func (s *Service) withinLimits(ctx context.Context, tx *database.Tx, userID string) error {
	all, pending, err := countOpened(ctx, tx, userID)
	switch {
	case err != nil:
		return err
	case all > s.Limits.PerAccount:
		return reason.TooManyMerchants.Newf("One account opens %d merchants at most.", s.Limits.PerAccount)
	case pending > s.Limits.Pending:
		return reason.TooManyMerchants.Newf("%d of your merchants wait for approval: no more until then.", s.Limits.Pending)
	}
	return nil
}

// openedBefore finds the merchant that an earlier run of the same request made.
// database.ErrNotFound.
func (s *Service) openedBefore(ctx context.Context, id, ownerID string) (View, error) {
	return database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (View, error) {
		return readView(ctx, q, id, ownerID)
	})
}

// Ensure finds the merchant with the draft's slug, or opens it, approved and beyond all
// limits, for an owner who has an account: for data to begin with. created reports
// whether it was not there.
func (s *Service) Ensure(ctx context.Context, d Draft, ownerID string) (id string, created bool, err error) {
	if slug.Validate("/slug", d.Slug) != nil || d.Name == "" {
		return "", false, fault.Invalid(fault.Field{Pointer: "/slug", Detail: "a valid slug and a name are needed"})
	}
	if found, err := s.withSlug(ctx, d.Slug); !errors.Is(err, database.ErrNotFound) {
		return found.ID, false, err
	}
	owner, err := s.findUser(ctx, ownerID)
	if err != nil {
		return "", false, err
	}
	m := d.asMerchant(ids.New("mrc", s.Now()), owner.GetId(), Approved, s.Now())
	err = s.createMerchant(ctx, m, owner, anyNumber)
	if errors.Is(err, database.ErrDuplicate) { // somebody else was faster
		m, err = s.withSlug(ctx, d.Slug)
		return m.ID, false, err
	}
	return m.ID, true, err
}

// anyNumber is how many merchants Ensure may open.
func anyNumber(context.Context, *database.Tx, string) error { return nil }

func (s *Service) withSlug(ctx context.Context, slug string) (Merchant, error) {
	return database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (Merchant, error) {
		return merchantBySlug(ctx, q, slug)
	})
}
