package merchant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"app/modules/merchants/internal/member"
	"app/modules/merchants/merchantsevents"
	"app/modules/merchants/merchantsv1"
	"app/modules/users/usersv1"
	"app/platform/database"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/identity"
)

// Users finds people.
type Users interface {
	// Find looks up an account. Its CallError has the code NotFound when there is none.
	Find(ctx context.Context, req *usersv1.FindRequest) (*usersv1.FindResponse, error)
}

// Limits bound what one account opens. They count in the database, so that they hold
// for all replicas together.
type Limits struct {
	PerAccount int // in all
	Pending    int // of them that wait for approval at a time
}

// Options put a service together.
type Options struct {
	DB          *database.DB
	Users       Users
	Now         func() time.Time
	AutoApprove bool // a new merchant may sell at once
	Limits      Limits
}

// Service opens merchants, approves them and keeps their profiles. It is safe for
// concurrent use.
type Service struct{ Options }

// New makes a service on a migrated database.
func New(o Options) *Service { return &Service{o} }

// Find reads a merchant. Error: merchantsv1.MerchantNotFound.
func Find(ctx context.Context, q *database.Tx, id string) (Merchant, error) {
	m, err := merchantByID(ctx, q, id)
	if errors.Is(err, database.ErrNotFound) {
		return Merchant{}, merchantsv1.MerchantNotFound.New()
	}
	return m, err
}

// Owned reads a merchant that the caller is an owner of. Errors: those of
// member.RequireOwner.
func Owned(ctx context.Context, q *database.Tx, id string) (Merchant, error) {
	if err := member.RequireOwner(ctx, q, id); err != nil {
		return Merchant{}, err
	}
	return Find(ctx, q, id)
}

// readView reads a merchant and what the user is to it. database.ErrNotFound.
func readView(ctx context.Context, q *database.Tx, id, userID string) (View, error) {
	m, err := merchantByID(ctx, q, id)
	if err != nil || userID == "" {
		return View{Merchant: m}, err
	}
	role, err := member.RoleOf(ctx, q, id, userID)
	return View{m, role}, err
}

// ByID reads a merchant for whoever asks. A pending one is there for its members and
// administrators only. Error: merchantsv1.MerchantNotFound.
func (s *Service) ByID(ctx context.Context, id string) (View, error) {
	caller := identity.FromContext(ctx)
	v, err := database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (View, error) {
		return readView(ctx, q, id, caller.UserID)
	})
	if errors.Is(err, database.ErrNotFound) || err == nil && v.hiddenFrom(caller.Admin) {
		return View{}, merchantsv1.MerchantNotFound.New()
	}
	return v, err
}

// Mine lists the merchants the caller is a member of by id, after the given one.
func (s *Service) Mine(ctx context.Context, after string, limit int) ([]Merchant, error) {
	return database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) ([]Merchant, error) {
		return listOf(ctx, q, identity.FromContext(ctx).UserID, after, limit)
	})
}

// Profile reads what other modules may know. Error: merchantsv1.MerchantNotFound.
func (s *Service) Profile(ctx context.Context, id string) (Profile, error) {
	p, err := database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (Profile, error) {
		return readProfile(ctx, q, id)
	})
	if errors.Is(err, database.ErrNotFound) {
		return Profile{}, merchantsv1.MerchantNotFound.New().Because(err)
	}
	return p, err
}

// Update changes a merchant's profile, for its owners. Errors: those of
// member.RequireOwner, VersionMismatch, InvalidArgument with pointers,
// fault.ChangedMeanwhile.
func (s *Service) Update(ctx context.Context, id string, c Change) (View, error) {
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (View, error) {
		m, err := Owned(ctx, tx, id)
		if err != nil {
			return View{}, err
		}
		if err := c.Match(m.Version); err != nil {
			return View{}, err
		}
		if wrong := c.applyTo(&m); len(wrong) > 0 {
			return View{}, fault.Invalid(wrong...)
		}
		err = updateProfile(ctx, tx, m)
		if errors.Is(err, database.ErrChanged) {
			return View{}, fault.ChangedMeanwhile.Newf("The merchant was changed by others at the same time. Try again.")
		}
		m.Version++
		return View{m, merchantsv1.Role_ROLE_OWNER}, err
	})
}

// Approve lets a merchant sell, for administrators. Approving twice changes nothing.
// Errors: merchantsv1.MerchantNotFound; those of the call to users.
func (s *Service) Approve(ctx context.Context, id string) (View, error) {
	owner, err := s.findOwner(ctx, id)
	if err != nil {
		return View{}, err
	}
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (View, error) {
		err := approvePending(ctx, tx, id)
		again := errors.Is(err, database.ErrChanged)
		if err != nil && !again {
			return View{}, err
		}
		m, err := Find(ctx, tx, id)
		if err != nil || again {
			return View{Merchant: m}, err
		}
		return View{Merchant: m}, emitApproved(ctx, tx, m, owner)
	})
}

// findOwner finds somebody to tell of the approval.
func (s *Service) findOwner(ctx context.Context, id string) (*usersv1.User, error) {
	owner, err := database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (member.Member, error) {
		return member.FirstOwner(ctx, q, id)
	})
	if errors.Is(err, database.ErrNotFound) {
		return nil, merchantsv1.MerchantNotFound.New()
	}
	if err != nil {
		return nil, err
	}
	return s.findUser(ctx, owner.UserID)
}

// findUser asks users for an account.
func (s *Service) findUser(ctx context.Context, id string) (*usersv1.User, error) {
	reply, err := s.Users.Find(ctx, &usersv1.FindRequest{By: &usersv1.FindRequest_Id{Id: id}})
	if err != nil {
		return nil, fmt.Errorf("find user: %w", err)
	}
	return reply.GetUser(), nil
}

func emitApproved(ctx context.Context, tx *database.Tx, m Merchant, owner *usersv1.User) error {
	return events.Emit(ctx, tx, events.Key{Aggregate: "merchant", ID: m.ID, Version: m.Version}, &merchantsevents.MerchantApproved{
		MerchantId: m.ID, Name: m.Name, Slug: m.Slug,
		OwnerId: owner.GetId(), OwnerEmail: owner.GetEmail(), OwnerFirstName: owner.GetFirstName(),
	})
}
