package account

import (
	"context"

	"app/modules/users/internal/audit"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/events"
)

// NotifyCredentialsChange writes the notice that a way of signing in, or what a sign-in
// opens, has changed, and the record of it.
func (s *Service) NotifyCredentialsChange(ctx context.Context, tx *database.Tx, accountID string, change usersevents.CredentialsChange, name string) error {
	account, err := ByID(ctx, tx, accountID)
	if err != nil {
		return err
	}
	event := audit.FactorChange
	switch change {
	case usersevents.CredentialsChange_CREDENTIALS_CHANGE_IDENTITY_LINKED, usersevents.CredentialsChange_CREDENTIALS_CHANGE_IDENTITY_UNLINKED:
		event = audit.Linking
	case usersevents.CredentialsChange_CREDENTIALS_CHANGE_ADMIN_MADE, usersevents.CredentialsChange_CREDENTIALS_CHANGE_ADMIN_REMOVED:
		event = audit.AccountChange
	default:
	}
	if err := s.audits.Record(ctx, tx, audit.Entry{AccountID: accountID, Event: event, Outcome: audit.OutcomeOK, Detail: changed[change] + name}); err != nil {
		return err
	}
	return events.Emit(ctx, tx, events.Key{Aggregate: "account", ID: account.ID, Version: account.Version},
		&usersevents.CredentialsChanged{
			UserId: account.ID, Email: account.Email, FirstName: account.FirstName, Change: change, Name: name, Locale: account.Locale,
		})
}

// changed are the changes in the words of the audit log.
var changed = map[usersevents.CredentialsChange]string{
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_TOTP_ADDED:          "totp added",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_TOTP_REMOVED:        "totp removed",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_PASSKEY_ADDED:       "passkey added: ",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_PASSKEY_REMOVED:     "passkey removed: ",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_RECOVERY_CODES_MADE: "recovery codes made",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_RECOVERY_CODE_USED:  "recovery code used",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_IDENTITY_LINKED:     "linked: ",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_IDENTITY_UNLINKED:   "unlinked: ",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_ADMIN_MADE:          "promoted",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_ADMIN_REMOVED:       "demoted",
}
