package rest

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"app/modules/emails/internal/store"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/operation"
)

// Suppression is the public form of a suppressed address.
type Suppression struct {
	Address   string    `json:"address" example:"ada@example.com"`
	Reason    string    `json:"reason" enum:"bounce,complaint" doc:"bounce: there is no such mailbox; complaint: its owner called a letter spam"`
	Detail    string    `json:"detail,omitempty" doc:"In the words of whoever reported it"`
	LetterID  string    `json:"letter_id,omitempty" doc:"The letter whose sending showed it"`
	CreatedAt time.Time `json:"created_at"`
}

type suppressionsRequest struct {
	operation.Paging
}

type suppressionsReply struct {
	Body operation.Page[Suppression]
}

func (h *Handlers) listSuppressions(ctx context.Context, in *suppressionsRequest) (*suppressionsReply, error) {
	after, err := suppressionAfter(in.After)
	if err != nil {
		return nil, err
	}
	found, err := h.service.Suppressions(ctx, after, in.Want())
	if err != nil {
		return nil, err
	}
	rows := make([]Suppression, len(found))
	for i, s := range found {
		rows[i] = Suppression{Address: s.Address, Reason: string(s.Reason), Detail: s.Detail, LetterID: s.LetterID, CreatedAt: s.CreatedAt}
	}
	return &suppressionsReply{Body: operation.NewPage(rows, in.Limit, func(last Suppression) []string {
		return []string{strconv.FormatInt(database.Micros(last.CreatedAt), 10), last.Address}
	})}, nil
}

func suppressionAfter(cursor string) (s store.Suppression, err error) {
	parts, err := operation.DecodeCursor(cursor, 2)
	if err != nil || parts == nil {
		return s, err
	}
	us, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return s, fault.Invalid(fault.Field{Pointer: "/after", Detail: "is not a cursor of this list"})
	}
	return store.Suppression{Address: parts[1], CreatedAt: database.Time(us)}, nil
}

type unsuppressRequest struct {
	Address string `query:"address" required:"true" minLength:"3" maxLength:"320" example:"ada@example.com"`
}

func (h *Handlers) deleteSuppression(ctx context.Context, in *unsuppressRequest) (*struct{}, error) {
	return &struct{}{}, h.service.Unsuppress(ctx, in.Address)
}

// takeNotice hands the bytes of the body on as they came: the signature covers what
// they say.
func (h *Handlers) takeNotice(w http.ResponseWriter, r *http.Request) error {
	body, err := operation.ReadBody(r)
	if err == nil {
		err = h.notices.Take(r.Context(), body)
	}
	if err == nil {
		w.WriteHeader(http.StatusOK)
	}
	return err
}
