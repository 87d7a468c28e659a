package suppression

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"app/platform/database"
	"app/platform/fault"
	"app/platform/operation"
)

// Handlers serve the operations of suppressions.
type Handlers struct{ service *Service }

// NewHandlers makes the handlers of a service.
func NewHandlers(s *Service) *Handlers { return &Handlers{s} }

// Register declares the operations. The handlers lie at the address by the time that a
// request comes.
func Register(api *operation.API, at **Handlers) {
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/emails/suppressions", ID: "list-suppressions", Summary: "List the addresses that get no e-mails, newest first",
		Access: operation.Admin, Rate: operation.RateDefault, Tags: []string{"E-mail"},
	}, operation.On(at, (*Handlers).listSuppressions))
	operation.Register(api, operation.Operation{
		Method: http.MethodDelete, Path: "/v1/emails/suppressions", ID: "delete-suppression", Summary: "Let an address have e-mails again",
		Access: operation.Admin, Rate: operation.RateDefault, Errors: []int{http.StatusNotFound}, Tags: []string{"E-mail"},
	}, operation.On(at, (*Handlers).deleteSuppression))
}

// suppression is a Suppression on the wire. Its name is that of the schema in the
// OpenAPI document.
type suppression struct {
	Address   string    `json:"address" example:"ada@example.com"`
	Reason    string    `json:"reason" enum:"bounce,complaint" doc:"bounce: there is no such mailbox; complaint: its owner called an e-mail spam"`
	Detail    string    `json:"detail,omitempty" doc:"In the words of whoever reported it"`
	LetterID  string    `json:"letter_id,omitempty" doc:"The e-mail whose sending showed it"`
	CreatedAt time.Time `json:"created_at"`
}

// wireOf is a suppression in a reply.
func wireOf(s Suppression) suppression {
	return suppression{Address: s.Address, Reason: string(s.Reason), Detail: s.Detail, LetterID: s.EmailID, CreatedAt: s.CreatedAt}
}

type suppressionsRequest struct {
	operation.Paging
}

type suppressionsReply struct {
	Body operation.Page[suppression]
}

func (h *Handlers) listSuppressions(ctx context.Context, in *suppressionsRequest) (*suppressionsReply, error) {
	after, err := parseCursor(in.After)
	if err != nil {
		return nil, err
	}
	found, err := h.service.List(ctx, after, in.Want())
	if err != nil {
		return nil, err
	}
	rows := make([]suppression, len(found))
	for i, s := range found {
		rows[i] = wireOf(s)
	}
	return &suppressionsReply{Body: operation.NewPage(rows, in.Limit, func(last suppression) []string {
		return []string{strconv.FormatInt(database.Micros(last.CreatedAt), 10), last.Address}
	})}, nil
}

// parseCursor reads after which suppression a page begins, the zero value for the first
// page.
func parseCursor(cursor string) (s Suppression, err error) {
	parts, err := operation.DecodeCursor(cursor, 2)
	if err != nil || parts == nil {
		return s, err
	}
	us, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return s, fault.Invalid(fault.Field{Pointer: "/after", Detail: "is not a cursor of this list"})
	}
	return Suppression{Address: parts[1], CreatedAt: database.Time(us)}, nil
}

type deleteRequest struct {
	Address string `query:"address" required:"true" minLength:"3" maxLength:"320" example:"ada@example.com"`
}

func (h *Handlers) deleteSuppression(ctx context.Context, in *deleteRequest) (*struct{}, error) {
	return &struct{}{}, h.service.Delete(ctx, in.Address)
}
