package registration

import (
	"context"
	"net/http"

	"app/modules/users/internal/account"
	"app/modules/users/internal/route"
	"app/platform/operation"
)

// Handlers answer the operations of registration.
type Handlers struct{ Registrations *Service }

// Register declares the operations. at is where their handlers lie once the module is
// open.
func Register(api *operation.API, at *Handlers) {
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/auth/register", ID: "register", Tags: route.SignIn, Status: http.StatusAccepted,
		Access: operation.Public, Rate: operation.RateAuth, MaxBody: route.SmallBody,
		Summary:     "Register an address",
		Description: "Sends an e-mail to the address: a code for POST /v1/auth/verify, or word that it has an account. The reply is the same either way.",
	}, operation.On(at, Handlers.registerUser))
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/auth/verify", ID: "verify-address", Tags: route.SignIn,
		Access: operation.Public, Rate: operation.RateAuth, MaxBody: route.SmallBody,
		Summary: "Verify an address with the code from the e-mail",
		Description: "Makes the account, with the password and names of the registration that the code was sent for. The code alone is not enough, as the e-mail may be " +
			"of somebody else's registration: send along what register answered, or the password that it was given.",
	}, operation.On(at, Handlers.verifyRegistration))
}

type registerInput struct {
	Body struct {
		Email      string `json:"email" example:"ada@example.com"`
		Password   string `json:"password" doc:"8 characters to 256 bytes, with upper and lower case, a digit and a special character; in some shops 12 characters of any kind instead; never a common one"`
		Confirm    string `json:"confirm_password" doc:"The same again"`
		FirstName  string `json:"first_name" doc:"1 to 100 characters"`
		MiddleName string `json:"middle_name,omitempty" doc:"At most 100 characters"`
		LastName   string `json:"last_name" doc:"1 to 100 characters"`
	}
}

type registerOutput struct {
	Body struct {
		Status       string `json:"status" enum:"accepted"`
		Registration string `json:"registration" doc:"Send it along to verify, or the password"`
	}
}

func (h Handlers) registerUser(ctx context.Context, in *registerInput) (*registerOutput, error) {
	b := in.Body
	id, err := h.Registrations.Register(ctx, Form{
		Email: b.Email, Password: b.Password, Confirm: b.Confirm, FirstName: b.FirstName, MiddleName: b.MiddleName, LastName: b.LastName,
	})
	if err != nil {
		return nil, err
	}
	out := &registerOutput{}
	out.Body.Status, out.Body.Registration = "accepted", id
	return out, nil
}

type verifyInput struct {
	Body struct {
		Email        string `json:"email" example:"ada@example.com"`
		Code         string `json:"code" example:"123456" doc:"Six digits"`
		Registration string `json:"registration,omitempty" example:"cod_01kan4v6e8fx2s1gq0vj5t3x7c" doc:"What register answered; it or the password is needed"`
		Password     string `json:"password,omitempty" doc:"What the address was registered with; without registration, the newest time from this network"`
	}
}

func (h Handlers) verifyRegistration(ctx context.Context, in *verifyInput) (*account.UserOutput, error) {
	b := in.Body
	return account.Tagged(h.Registrations.Verify(ctx, Proof{
		Email: b.Email, Code: b.Code, Registration: b.Registration, Password: b.Password,
	}))
}
