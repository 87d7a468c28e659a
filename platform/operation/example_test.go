package operation_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"app/platform/fault"
	"app/platform/ids"
	"app/platform/operation"
	"app/platform/operation/operationtest"
	"app/platform/problem"
)

// What the operations of a module look like, one of each sort.
func Example() {
	type note struct {
		ID   string `json:"id"`
		Text string `json:"text"`
	}
	type noteOutput struct {
		operation.Tagged // the version, as an ETag
		Body             note
	}
	saved, version := note{ID: "not_01kan4v6e8fx2s1gq0vj5t3x7c", Text: "Buy chairs"}, int64(1)

	api := operation.NewAPI("notes", operation.Options{})

	// GET: parse, call, render. The id was checked for text that no id can be; whether
	// it is one is the handler's.
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/notes/{id}", Summary: "One note",
		Access: operation.User, Rate: operation.RateDefault,
	}, func(_ context.Context, in *struct {
		ID string `path:"id"`
	},
	) (*noteOutput, error) {
		if err := operation.PathID("id", "not", in.ID); err != nil {
			return nil, err
		}
		if in.ID != saved.ID {
			return nil, fault.Missing("note")
		}
		return &noteOutput{operation.Tagged{ETag: operation.ETag(version)}, saved}, nil
	})

	// POST with a key: ids come from ids.For, so that a repetition after a crash makes
	// the same note.
	type createOutput struct {
		Location string `header:"Location"`
		Body     note
	}
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/notes", Status: http.StatusCreated, Idempotency: operation.KeyRequired,
		Access: operation.User, Rate: operation.RateDefault,
	}, func(ctx context.Context, in *struct {
		Body struct {
			Text string `json:"text" minLength:"1" maxLength:"500"`
		}
	},
	) (*createOutput, error) {
		n := note{ID: ids.For(ctx, "not", time.Now()), Text: in.Body.Text}
		return &createOutput{"/v1/notes/" + n.ID, n}, nil
	})

	// PATCH: a pointer tells "not sent" from "empty"; Need instead of Match would
	// demand If-Match.
	operation.Register(api, operation.Operation{
		Method: http.MethodPatch, Path: "/v1/notes/{id}", Access: operation.User, Rate: operation.RateDefault,
	}, func(_ context.Context, in *struct {
		operation.Conditional
		ID   string `path:"id"`
		Body struct {
			Text *string `json:"text,omitempty" maxLength:"500"`
		}
	},
	) (*noteOutput, error) {
		if err := in.Match(version); err != nil {
			return nil, err
		}
		if in.Body.Text != nil {
			saved.Text = *in.Body.Text
			version++
		}
		return &noteOutput{operation.Tagged{ETag: operation.ETag(version)}, saved}, nil
	})

	// A list: read one row more than the page holds, from after the cursor on.
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/notes", Access: operation.User, Rate: operation.RateDefault,
	}, func(_ context.Context, in *struct {
		operation.Paging
		Query string `query:"q" maxLength:"100"`
	},
	) (*struct{ Body operation.Page[note] }, error) {
		after, err := operation.DecodeCursor(in.After, 1)
		if err != nil {
			return nil, err
		}
		rows := []note{saved}[:min(in.Want(), 1)]
		if after != nil {
			rows = nil
		}
		page := operation.NewPage(rows, in.Limit, func(last note) []string { return []string{last.ID} })
		return &struct{ Body operation.Page[note] }{page}, nil
	})

	// A webhook: the very bytes, and the header with the signature.
	api.Raw(operation.Operation{
		Method: http.MethodPost, Path: "/v1/notes/webhooks/{provider}", Headers: []string{"Notes-Signature"},
		Access: operation.Public, Rate: operation.RateWebhook, MaxBody: 64 << 10,
	}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := operation.ReadBody(r)
		if err == nil && r.Header.Get("Notes-Signature") == "" {
			err = fault.New(fault.Unauthenticated, "signature_invalid", "The signature does not fit.")
		}
		if err != nil {
			problem.Write(w, r, err)
			return
		}
		_, _ = fmt.Fprintf(w, "%d bytes\n", len(body))
	}))

	show := func(r operationtest.Reply) { fmt.Print(r.Status, " ", r.Body) }
	path := "/v1/notes/" + saved.ID
	show(operationtest.Send(api.Handler(), operationtest.Alice, http.MethodGet, path, ""))
	show(operationtest.Send(api.Handler(), operationtest.Alice, http.MethodPatch, path, `{"text":"Buy tables"}`, "If-Match", `"1"`))
	show(operationtest.Send(api.Handler(), operationtest.Alice, http.MethodGet, "/v1/notes?limit=5", ""))
	show(operationtest.Send(api.Handler(), operationtest.Nobody, http.MethodPost, "/v1/notes/webhooks/acme", "{}", "Notes-Signature", "x"))
	fmt.Println(operationtest.Send(api.Handler(), operationtest.Alice, http.MethodPatch, path, `{"text":"x"}`, "If-Match", `"1"`).Status)
	// Output:
	// 200 {"id":"not_01kan4v6e8fx2s1gq0vj5t3x7c","text":"Buy chairs"}
	// 200 {"id":"not_01kan4v6e8fx2s1gq0vj5t3x7c","text":"Buy tables"}
	// 200 {"data":[{"id":"not_01kan4v6e8fx2s1gq0vj5t3x7c","text":"Buy tables"}],"has_more":false}
	// 200 2 bytes
	// 412
}
