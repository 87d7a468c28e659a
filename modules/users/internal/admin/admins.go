package admin

import (
	"context"
	"errors"

	"app/modules/users/internal/account"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/reason"
	"app/modules/users/internal/secret"
	"app/modules/users/internal/session"
	"app/modules/users/internal/store"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/fault"
)

// Appointment is what MakeAdmin did.
type Appointment struct {
	User     account.User
	Created  bool // else the account was there
	Promoted bool // else it was an administrator's, or was made as one
	// Generated is the password of a new account for which none was given. It is shown
	// once.
	Generated string
	// Ended counts the sessions of a promoted account, which have ended: whoever opened
	// them was no administrator.
	Ended int
	// Factors are the second factors that a promoted account had before, which stay.
	Factors []authn.Method
}

// MakeAdmin makes the address's account an administrator's, and makes the account when
// there is none. The password is for a new account only; without one it is generated.
// An account that is there keeps its password and its second factors, and its sessions
// end. It is in the audit log, with the client that ctx knows, and the owner gets an
// e-mail. Repeating it changes nothing. Errors: InvalidArgument with pointers.
func (s *Service) MakeAdmin(ctx context.Context, email, password string) (Appointment, error) {
	done, err := s.makeAdminAccount(ctx, email, password)
	if errors.Is(err, store.ErrDuplicate) { // somebody else was faster
		done, err = s.makeAdminAccount(ctx, email, password)
	}
	return done, err
}

func (s *Service) makeAdminAccount(ctx context.Context, email, password string) (Appointment, error) {
	there, err := s.accounts.RowByEmail(ctx, email)
	if err != nil {
		return Appointment{}, err
	}
	if there.ID != "" {
		return s.promoteToAdmin(ctx, there)
	}
	who, wrong := account.CheckPerson(email, "Shop", "", "Administrator")
	done := Appointment{Created: true}
	if password == "" {
		password = generatePassword()
		done.Generated = password
	}
	if wrong = append(wrong, s.accounts.CheckPassword(password, email)...); len(wrong) > 0 {
		return Appointment{}, fault.Invalid(wrong...)
	}
	owner, err := s.accounts.Create(ctx, who, password, true)
	done.User = account.UserOf(owner)
	return done, err
}

// promoteToAdmin makes an account that is there an administrator's.
func (s *Service) promoteToAdmin(ctx context.Context, owner account.Account) (done Appointment, err error) {
	owner.Admin = true
	promotion := rightsChange{account.Promote, usersevents.CredentialsChange_CREDENTIALS_CHANGE_ADMIN_MADE}
	changed, err := s.changeRights(ctx, owner.ID, promotion, func(ctx context.Context, tx *database.Tx, ended int) (err error) {
		done.Ended = ended
		done.Factors, err = factor.Of(ctx, tx, owner.ID)
		return err
	})
	if !changed {
		done = Appointment{}
	}
	done.User, done.Promoted = account.UserOf(owner), changed
	return done, err
}

// rightsChange gives an account the rights of an administrator or takes them.
type rightsChange struct {
	// apply changes the row. store.ErrChanged: there is nothing to change.
	apply func(ctx context.Context, tx *database.Tx, id string) error
	told  usersevents.CredentialsChange
}

// changeRights changes the rights of an account, ends its sessions, whose tokens say
// otherwise, for every gateway within seconds, records it and tells the owner; then
// what is in the same Write. changed is false when there was nothing to change, and
// then nothing else happens.
func (s *Service) changeRights(ctx context.Context, accountID string, to rightsChange, then func(context.Context, *database.Tx, int) error) (changed bool, err error) {
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if _, err := account.Lock(ctx, tx, accountID); err != nil {
			return store.Missing(reason.UserNotFound, err)
		}
		err := to.apply(ctx, tx, accountID)
		if changed = err == nil; errors.Is(err, store.ErrChanged) {
			return nil
		}
		if err != nil {
			return err
		}
		ended, err := s.sessions.EndAll(ctx, tx, accountID, "", session.EndedByAdmin)
		if err == nil {
			err = code.Void(ctx, tx, accountID, s.now())
		}
		if err == nil {
			err = s.accounts.NotifyCredentialsChange(ctx, tx, accountID, to.told, "")
		}
		if err != nil {
			return err
		}
		return then(ctx, tx, ended)
	})
	return changed, err
}

// Dismissal is what RemoveAdmin did.
type Dismissal struct {
	User    account.User
	Removed bool // else it was no administrator's
	Ended   int  // sessions
	Left    int  // administrators that may sign in
}

// RemoveAdmin takes an account, named by id or address, the rights of an administrator;
// it stays what else it is. Its sessions end, it is in the audit log, and the owner
// gets an e-mail. The last administrator may go: another is made by command. Errors:
// user_not_found.
func (s *Service) RemoveAdmin(ctx context.Context, who string) (out Dismissal, err error) {
	if out.User, err = s.accounts.Somebody(ctx, who); err != nil {
		return Dismissal{}, err
	}
	demotion := rightsChange{account.Demote, usersevents.CredentialsChange_CREDENTIALS_CHANGE_ADMIN_REMOVED}
	out.Removed, err = s.changeRights(ctx, out.User.ID, demotion, func(ctx context.Context, tx *database.Tx, ended int) (err error) {
		out.Ended = ended
		out.Left, err = account.CountAdmins(ctx, tx)
		return err
	})
	out.User.Admin = false
	return out, err
}

// Administrator is one as List lists them.
type Administrator struct {
	account.User

	Disabled bool
	Factors  []authn.Method // second factors
}

// maxAdmins bounds what List lists.
const maxAdmins = 1000

// List lists the administrators, the oldest account first, at most a thousand.
func (s *Service) List(ctx context.Context) (out []Administrator, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		found, err := account.Admins(ctx, q, maxAdmins)
		if err != nil {
			return err
		}
		out = make([]Administrator, len(found))
		for i, a := range found {
			out[i] = Administrator{User: account.UserOf(a), Disabled: a.Disabled()}
			if out[i].Factors, err = factor.Of(ctx, q, a.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// generatePassword makes a password of 125 random bits that the policy accepts.
func generatePassword() string {
	return "Aa1-" + secret.NewToken("")[:21]
}
