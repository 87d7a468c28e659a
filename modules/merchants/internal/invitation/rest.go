package invitation

import (
	"context"
	"net/http"
	"strings"

	"app/modules/merchants/internal/member"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/operation"
	"app/platform/problem"
)

// Handlers answer requests about invitations, and serve their page.
type Handlers struct{ invitations *Service }

// NewHandlers makes the handlers of a service.
func NewHandlers(s *Service) *Handlers { return &Handlers{s} }

// smallBody bounds the bodies of answers to invitations.
const smallBody = 16 << 10

var tags = []string{"Members"}

// Register declares how people answer an invitation, by a program or with the form of
// the page that the e-mail leads to, and how owners take one back. The handlers will
// lie at the address when the module is open.
func Register(api *operation.API, at **Handlers) {
	operation.Register(api, operation.Operation{
		Method: http.MethodDelete, Path: "/v1/merchants/{id}/invitations/{invitation_id}", ID: "withdraw-invitation",
		Summary: "Take an invitation back, as an owner", Access: operation.Member, Rate: operation.RateDefault, Tags: tags,
		Errors: []int{http.StatusForbidden},
	}, operation.On(at, (*Handlers).withdrawInvitation))
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/invitations/{id}/accept", ID: "accept-invitation", Tags: tags,
		Summary: "Become a member of a merchant",
		Description: "The caller gets the role, whatever their address: the token from the e-mail is the proof. " +
			"A member keeps the role that they have. Accepting again changes nothing.",
		Access: operation.User, Rate: operation.RateDefault, MaxBody: smallBody,
	}, operation.On(at, (*Handlers).acceptInvitation))
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/invitations/{id}/decline", ID: "decline-invitation", Tags: tags,
		Summary: "Answer an invitation with no", Access: operation.Public, Rate: operation.RateDefault, MaxBody: smallBody,
	}, operation.On(at, (*Handlers).declineInvitation))
	registerPage(api, at)
}

// registerPage declares the page that the e-mail of an invitation leads to.
func registerPage(api *operation.API, at **Handlers) {
	api.Raw(operation.Operation{
		Method: http.MethodGet, Path: pagePath, ID: "show-invitation-page", Tags: tags,
		Summary: "The page that the e-mail of an invitation leads to", Description: "Shows a form that answers it. Opening it spends nothing.",
		Access: operation.Public, Rate: operation.RateDefault,
	}, http.HandlerFunc(showPage))
	api.Raw(operation.Operation{
		Method: http.MethodPost, Path: pagePath, ID: "use-invitation-page", Tags: tags,
		Summary: "Answer an invitation in the browser", Description: "What the form of the page sends, form-encoded.",
		Access: operation.Optional, Rate: operation.RateAuth, MaxBody: smallBody, Headers: []string{"Origin", "Sec-Fetch-Site"},
		Form: []operation.FormField{
			{Name: "code", Doc: "From the e-mail: the invitation's id, a hyphen, the token", Required: true},
			{Name: "answer", Doc: "accept or decline", Required: true},
		},
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity},
	}, operation.RawOn(at, (*Handlers).answerPage))
}

type answerRequest struct {
	ID   string `path:"id" example:"inv_01kan4v6e8fx2s1gq0vj5t3x7c"`
	Body struct {
		Token string `json:"token" minLength:"1" maxLength:"100" doc:"What follows the first hyphen of the e-mail's code"`
	}
}

type acceptReply struct {
	Body struct {
		MerchantID string `json:"merchant_id" example:"mrc_01kan4v6e8fx2s1gq0vj5t3x7c"`
		member.Body
	}
}

func (h *Handlers) acceptInvitation(ctx context.Context, in *answerRequest) (*acceptReply, error) {
	m, err := h.invitations.Accept(ctx, in.ID, in.Body.Token)
	if err != nil {
		return nil, err
	}
	out := &acceptReply{}
	out.Body.MerchantID, out.Body.Body = m.MerchantID, member.BodyOf(m.Entry())
	return out, nil
}

func (h *Handlers) declineInvitation(ctx context.Context, in *answerRequest) (*struct{}, error) {
	return nil, h.invitations.Decline(ctx, in.ID, in.Body.Token)
}

type withdrawRequest struct {
	ID           string `path:"id"`
	InvitationID string `path:"invitation_id"`
}

func (h *Handlers) withdrawInvitation(ctx context.Context, in *withdrawRequest) (*struct{}, error) {
	return nil, h.invitations.Withdraw(ctx, in.ID, in.InvitationID)
}

// answerPage uses the form of the page. The gateway has refused what another site's
// page posts.
func (h *Handlers) answerPage(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		problem.Write(w, r, problem.New(http.StatusBadRequest, "malformed_form", "The form cannot be read."))
		return
	}
	code := strings.TrimSpace(r.PostForm.Get("code"))
	form := page{Form: true, Code: code}
	id, token := cutCode(code)
	switch r.PostForm.Get("answer") {
	case "decline":
		err := h.invitations.Decline(r.Context(), id, token)
		form.showResult(w, r, err, "You have declined. Nobody will write to you about it again, unless you are invited once more.")
	case "accept":
		if !identity.FromContext(r.Context()).SignedIn() {
			form.showResult(w, r, fault.NotSignedIn.Newf("Sign in to the shop with this browser first, then accept."), "")
			return
		}
		_, err := h.invitations.Accept(r.Context(), id, token)
		form.showResult(w, r, err, "You are a member now.")
	default:
		form.showResult(w, r, fault.Invalid(fault.Field{Pointer: "/answer", Detail: "must be accept or decline"}), "")
	}
}
