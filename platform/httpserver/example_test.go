package httpserver_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"app/platform/fault"
	"app/platform/httpserver"
	"app/platform/ids"
)

// What the operations of a module look like, one of each sort.
func Example() {
	type note struct {
		ID   string `json:"id"`
		Text string `json:"text"`
	}
	type noteOutput struct {
		httpserver.Tagged // the version, as an ETag
		Body              note
	}
	saved, version := note{ID: "not_01kan4v6e8fx2s1gq0vj5t3x7c", Text: "Buy chairs"}, int64(1)

	api := httpserver.NewAPI("notes", httpserver.Options{})

	// GET: parse, call, render. The id was checked for text that no id can be; whether
	// it is one is the handler's.
	httpserver.Register(api, httpserver.Operation{
		Method: http.MethodGet, Path: "/v1/notes/{id}", Summary: "One note",
		Access: httpserver.User, Rate: httpserver.RateDefault,
	}, func(_ context.Context, in *struct {
		ID string `path:"id"`
	},
	) (*noteOutput, error) {
		if err := httpserver.PathID("id", "not", in.ID); err != nil {
			return nil, err
		}
		if in.ID != saved.ID {
			return nil, fault.Missing("note")
		}
		return &noteOutput{httpserver.Tagged{ETag: httpserver.ETag(version)}, saved}, nil
	})

	// POST with a key: ids come from ids.For, so that a repetition after a crash makes
	// the same note.
	type createOutput struct {
		Location string `header:"Location"`
		Body     note
	}
	httpserver.Register(api, httpserver.Operation{
		Method: http.MethodPost, Path: "/v1/notes", Status: http.StatusCreated, Idempotency: httpserver.KeyRequired,
		Access: httpserver.User, Rate: httpserver.RateDefault,
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
	httpserver.Register(api, httpserver.Operation{
		Method: http.MethodPatch, Path: "/v1/notes/{id}", Access: httpserver.User, Rate: httpserver.RateDefault,
	}, func(_ context.Context, in *struct {
		httpserver.Conditional
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
		return &noteOutput{httpserver.Tagged{ETag: httpserver.ETag(version)}, saved}, nil
	})

	// A list: read one row more than the page holds, from after the cursor on.
	httpserver.Register(api, httpserver.Operation{
		Method: http.MethodGet, Path: "/v1/notes", Access: httpserver.User, Rate: httpserver.RateDefault,
	}, func(_ context.Context, in *struct {
		httpserver.Paging
		Query string `query:"q" maxLength:"100"`
	},
	) (*struct{ Body httpserver.Page[note] }, error) {
		after, err := httpserver.DecodeCursor(in.After, 1)
		if err != nil {
			return nil, err
		}
		rows := []note{saved}[:min(in.Want(), 1)]
		if after != nil {
			rows = nil
		}
		page := httpserver.NewPage(rows, in.Limit, func(last note) []string { return []string{last.ID} })
		return &struct{ Body httpserver.Page[note] }{page}, nil
	})

	// A webhook: the very bytes, and the header with the signature.
	api.Raw(httpserver.Operation{
		Method: http.MethodPost, Path: "/v1/notes/webhooks/{provider}", Headers: []string{"Notes-Signature"},
		Access: httpserver.Public, Rate: httpserver.RateWebhook, MaxBody: 64 << 10,
	}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := httpserver.ReadBody(r)
		if err == nil && r.Header.Get("Notes-Signature") == "" {
			err = fault.New(fault.Unauthenticated, "signature_invalid", "The signature does not fit.")
		}
		if err != nil {
			httpserver.WriteProblem(w, r, err)
			return
		}
		_, _ = fmt.Fprintf(w, "%d bytes\n", len(body))
	}))

	show := func(r reply) { fmt.Print(r.Status, " ", r.Body) }
	path := "/v1/notes/" + saved.ID
	show(send(api.Handler(), alice, http.MethodGet, path, ""))
	show(send(api.Handler(), alice, http.MethodPatch, path, `{"text":"Buy tables"}`, "If-Match", `"1"`))
	show(send(api.Handler(), alice, http.MethodGet, "/v1/notes?limit=5", ""))
	show(send(api.Handler(), nobody, http.MethodPost, "/v1/notes/webhooks/acme", "{}", "Notes-Signature", "x"))
	fmt.Println(send(api.Handler(), alice, http.MethodPatch, path, `{"text":"x"}`, "If-Match", `"1"`).Status)
	// Output:
	// 200 {"id":"not_01kan4v6e8fx2s1gq0vj5t3x7c","text":"Buy chairs"}
	// 200 {"id":"not_01kan4v6e8fx2s1gq0vj5t3x7c","text":"Buy tables"}
	// 200 {"data":[{"id":"not_01kan4v6e8fx2s1gq0vj5t3x7c","text":"Buy tables"}],"has_more":false}
	// 200 2 bytes
	// 412
}
