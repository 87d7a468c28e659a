// Package service is what merchants does: it opens merchant accounts and knows who may
// act for them.
package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"app/modules/merchants/internal/store"
	"app/modules/merchants/merchantsevents"
	"app/modules/merchants/merchantsv1"
	"app/modules/users/usersv1"
	"app/platform/database"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/identity"
)

// Users finds people and keeps API keys. Who may have them is decided here.
type Users interface {
	// Find looks up an account. Its CallError has the code NotFound when there is none.
	Find(ctx context.Context, req *usersv1.FindRequest) (*usersv1.FindResponse, error)
	// CreateAPIKey makes a key. Its CallError has InvalidArgument with fields, or
	// ResourceExhausted.
	CreateAPIKey(ctx context.Context, req *usersv1.CreateAPIKeyRequest) (*usersv1.CreateAPIKeyResponse, error)
	// ListAPIKeys lists the keys in force.
	ListAPIKeys(ctx context.Context, req *usersv1.ListAPIKeysRequest) (*usersv1.ListAPIKeysResponse, error)
	// RevokeAPIKey ends a key. Its CallError has the code NotFound when the merchant
	// has no such key.
	RevokeAPIKey(ctx context.Context, req *usersv1.RevokeAPIKeyRequest) (*usersv1.RevokeAPIKeyResponse, error)
}

// Options put a service together.
type Options struct {
	DB          *database.DB
	Users       Users
	Now         func() time.Time
	AutoApprove bool // a new merchant may sell at once
	// PublicURL is the address that people use, without a path; links in e-mails begin
	// with it.
	PublicURL string
	Limits    Limits
}

// Limits bound what strangers can make of the shop. All of them count in the database,
// so that they hold for all replicas together.
type Limits struct {
	Merchants          int           // that one account opens, in all
	Pending            int           // of them that wait for approval at a time
	InvitationsDay     int           // that are sent in 24 hours for one merchant, and by one account
	InvitationsPending int           // of one merchant that wait for an answer at a time
	InvitationLife     time.Duration // how long an invitation can be accepted
	KeyLife            time.Duration // how long an API key lives when nothing is said
}

// Service is merchants at work. It is safe for concurrent use.
type Service struct{ Options }

var _ merchantsv1.MerchantsHandler = (*Service)(nil)

// New makes a service on a migrated database.
func New(o Options) *Service { return &Service{o} }

// View is a merchant as the caller may see it.
type View struct {
	store.Merchant
	// Role is the caller's, ROLE_UNSPECIFIED for strangers.
	Role merchantsv1.Role
}

// merchantView reads a merchant and the caller's role. Error: store.ErrNotFound.
func merchantView(ctx context.Context, q *database.Tx, id, user string) (v View, err error) {
	if v.Merchant, err = store.ByID(ctx, q, id); err != nil || user == "" {
		return v, err
	}
	v.Role, _, err = store.Membership(ctx, q, id, user)
	return v, err
}

func emitApproved(ctx context.Context, tx *database.Tx, m store.Merchant, owner *usersv1.User) error {
	return events.Emit(ctx, tx, events.Key{Aggregate: "merchant", ID: m.ID, Version: m.Version}, &merchantsevents.MerchantApproved{
		MerchantId: m.ID, Name: m.Name, Slug: m.Slug,
		OwnerId: owner.GetId(), OwnerEmail: owner.GetEmail(), OwnerFirstName: owner.GetFirstName(),
	})
}

// findUser asks users for somebody who is known to exist.
func (s *Service) findUser(ctx context.Context, id string) (*usersv1.User, error) {
	reply, err := s.Users.Find(ctx, &usersv1.FindRequest{By: &usersv1.FindRequest_Id{Id: id}})
	if err != nil {
		return nil, fmt.Errorf("find user: %w", err)
	}
	return reply.GetUser(), nil
}

// ByID reads a merchant for whoever asks. A pending one is there for its members and
// administrators only. Error: NotFound.
func (s *Service) ByID(ctx context.Context, id string) (View, error) {
	caller := identity.FromContext(ctx)
	v, err := database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (View, error) {
		return merchantView(ctx, q, id, caller.UserID)
	})
	hidden := err == nil && v.Status == store.Pending && v.Role == merchantsv1.Role_ROLE_UNSPECIFIED && !caller.Admin
	if errors.Is(err, store.ErrNotFound) || hidden {
		return View{}, merchantsv1.MerchantNotFound.New()
	}
	return v, err
}

// Mine lists the merchants the caller is a member of.
func (s *Service) Mine(ctx context.Context, after string, limit int) ([]store.Merchant, error) {
	return database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) ([]store.Merchant, error) {
		return store.OfUser(ctx, q, identity.FromContext(ctx).UserID, after, limit)
	})
}

// Change is what a PATCH changes; nil leaves a field as it is.
type Change struct {
	Name        *string
	Description *string
	// Match checks the version the change is meant for.
	Match func(version int64) error
}

// applyTo changes the merchant and lists what is wrong with the change.
func (c Change) applyTo(m *store.Merchant) (wrong []fault.Field) {
	if c.Name != nil {
		m.Name = *c.Name
		wrong = cleanName(&m.Name)
	}
	if c.Description != nil {
		m.Description = *c.Description
		wrong = append(wrong, cleanDescription(&m.Description)...)
	}
	return wrong
}

// Update changes a merchant's profile. Errors: NotFound for whoever is not a member,
// PermissionDenied for members that are not owners, VersionMismatch, InvalidArgument
// with pointers, Aborted.
func (s *Service) Update(ctx context.Context, id string, c Change) (View, error) {
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (View, error) {
		v, err := requireOwner(ctx, tx, id)
		if err != nil {
			return View{}, err
		}
		if err := c.Match(v.Version); err != nil {
			return View{}, err
		}
		if wrong := c.applyTo(&v.Merchant); len(wrong) > 0 {
			return View{}, fault.Invalid(wrong...)
		}
		ok, err := store.Update(ctx, tx, v.Merchant)
		if err == nil && !ok {
			err = fault.ChangedMeanwhile.Newf("The merchant was changed by others at the same time. Try again.")
		}
		v.Version++
		return v, err
	})
}

// requireOwner reads a merchant that the caller is an owner of, in a session with two
// factors where the shop demands them.
func requireOwner(ctx context.Context, q *database.Tx, id string) (View, error) {
	caller := identity.FromContext(ctx)
	v, err := merchantView(ctx, q, id, caller.UserID)
	switch {
	case errors.Is(err, store.ErrNotFound) || err == nil && v.Role == merchantsv1.Role_ROLE_UNSPECIFIED:
		return View{}, merchantsv1.MerchantNotFound.New()
	case err == nil && v.Role != merchantsv1.Role_ROLE_OWNER:
		return View{}, merchantsv1.RoleTooLow.New()
	case err == nil && caller.FactorNeeded:
		return View{}, identity.ErrSecondFactor()
	}
	return v, err
}

// Approve lets a merchant sell, for administrators. Approving twice changes nothing.
// Error: NotFound.
func (s *Service) Approve(ctx context.Context, id string) (View, error) {
	owner, err := s.anOwner(ctx, id)
	if err != nil {
		return View{}, err
	}
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (View, error) {
		changed, err := store.Approve(ctx, tx, id)
		if err != nil {
			return View{}, err
		}
		v, err := merchantView(ctx, tx, id, "")
		if err != nil || !changed {
			return v, err
		}
		return v, emitApproved(ctx, tx, v.Merchant, owner)
	})
}

// anOwner finds somebody to tell of the approval.
func (s *Service) anOwner(ctx context.Context, id string) (*usersv1.User, error) {
	members, err := database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) ([]store.Member, error) {
		return store.Members(ctx, q, id, "", 100)
	})
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		if m.Role == merchantsv1.Role_ROLE_OWNER {
			return s.findUser(ctx, m.UserID)
		}
	}
	return nil, merchantsv1.MerchantNotFound.New()
}
