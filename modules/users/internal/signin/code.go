package signin

import (
	"context"

	"app/modules/users/internal/account"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/reason"
	"app/modules/users/internal/session"
	"app/platform/database"
)

// RequestCode has a code sent to the address that signs its owner in without a
// password.
//
//  1. What it answers and does is the same for every address: one Write, one row, one
//     e-mail. An address without an account that may sign in gets an e-mail that says
//     so.
//  2. E-mails are counted by network and by address, see package code. Strangers cannot
//     use up what is the owner's.
//  3. The code is good for the request that is returned and no other, for CodeLife,
//     five tries and one success, until a newer one that is asked for from the same
//     network: nobody elsewhere makes it void.
//
// Errors: InvalidArgument with a pointer when it is no address.
func (s *Service) RequestCode(ctx context.Context, email string) (request string, err error) {
	return s.codes.Request(ctx, code.SignIn, email)
}

// SignInWithCode signs in with the code of a request. Errors: code_invalid, the same
// for every reason and every address; sign_in_limited.
func (s *Service) SignInWithCode(ctx context.Context, in code.Proof, transport authn.Transport) (out session.SignedIn, err error) {
	s.keys.Reread(ctx)
	err = s.codes.WithCode(ctx, in, code.AccountOf(in), func(ctx context.Context, tx *database.Tx) (ok bool, err error) {
		var owner account.Account
		if owner, ok, err = s.codes.Spend(ctx, tx, code.SignIn, in); err != nil || !ok {
			return false, err
		}
		out, err = s.signIn(ctx, tx, proof{Account: owner, Method: authn.ByCode, Level: authn.AAL1, Transport: transport})
		return true, err
	})
	if reason.InvalidCredentials.Matches(err) { // disabled at this very moment
		err = authn.ErrCode()
	}
	return out, err
}
