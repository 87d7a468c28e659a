package httpserver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/platform/httpserver"
)

const validBody = `{"title":"Chair","price":{"amount":1990,"currency":"EUR"}}`

func TestRefusesBodies(t *testing.T) {
	t.Parallel()
	h := catalog(httpserver.Options{}).Handler()
	for name, c := range map[string]struct {
		body     string
		status   int
		code     string
		pointers []string
	}{
		"missing fields":       {`{}`, 422, "validation_failed", []string{"/price", "/title"}},
		"missing nested":       {`{"title":"x","price":{"amount":1}}`, 422, "validation_failed", []string{"/price/currency"}},
		"wrong type":           {`{"title":7,"price":{"amount":"1","currency":"EUR"}}`, 422, "validation_failed", []string{"/price/amount", "/title"}},
		"unknown field":        {`{"title":"x","price":{"amount":1,"currency":"EUR","x":1},"admin":true}`, 422, "validation_failed", []string{"/admin", "/price/x"}},
		"unknown with dots":    {`{"title":"x","price":{"a.b[0]":1,"amount":-1,"currency":"EUR"},"~/":true,"":1}`, 422, "validation_failed", []string{"/", "/price/a.b[0]", "/price/amount", "/~0~1"}},
		"other case":           {`{"Title":"x","price":{"amount":1,"currency":"EUR"}}`, 422, "validation_failed", []string{"/Title", "/title"}},
		"inside a list":        {`{"title":"x","price":{"amount":1,"currency":"EUR"},"tags":[{"name":"new"},{"name":"old"},{"name":"sale","rank":"a"}]}`, 422, "validation_failed", []string{"/tags/1/name", "/tags/2/rank"}},
		"map value":            {`{"title":"x","price":{"amount":1,"currency":"EUR"},"labels":{"a.b":1}}`, 422, "validation_failed", []string{"/labels/a.b"}},
		"null required":        {`{"title":null,"price":null}`, 422, "validation_failed", []string{"/price", "/title"}},
		"null optional":        {`{"title":"x","price":{"amount":1,"currency":"EUR"},"description":null,"tags":[{"name":"new","rank":null}]}`, 422, "validation_failed", []string{"/description", "/tags/0/rank"}},
		"null list":            {`{"title":"x","price":{"amount":1,"currency":"EUR"},"tags":null}`, 422, "validation_failed", []string{"/tags"}},
		"exponent":             {`{"title":"x","price":{"amount":1e3,"currency":"EUR"}}`, 422, "validation_failed", []string{"/price/amount"}},
		"fraction":             {`{"title":"x","price":{"amount":1.5,"currency":"EUR"}}`, 422, "validation_failed", []string{"/price/amount"}},
		"overflow of int32":    {`{"title":"x","price":{"amount":1,"currency":"EUR"},"stock":4294967296}`, 422, "validation_failed", []string{"/stock"}},
		"overflow in a list":   {`{"title":"x","price":{"amount":1,"currency":"EUR"},"tags":[{"name":"new"},{"name":"new","rank":92233720368547758080}]}`, 422, "validation_failed", []string{"/tags/1/rank"}},
		"huge number":          {`{"title":"x","price":{"amount":1e999,"currency":"EUR"}}`, 422, "validation_failed", []string{"/price/amount"}},
		"negative price":       {`{"title":"x","price":{"amount":-1,"currency":"eur"}}`, 422, "validation_failed", []string{"/price/amount", "/price/currency"}},
		"bad time":             {`{"title":"x","price":{"amount":1,"currency":"EUR"},"from":"yesterday"}`, 422, "validation_failed", []string{"/from"}},
		"array for object":     {`[]`, 422, "validation_failed", []string{""}},
		"null body":            {`null`, 422, "validation_failed", []string{""}},
		"not JSON":             {`{"title"`, 400, "malformed_json", []string{""}},
		"broken inside":        {`{"title":"x","price":{"amount":01}}`, 400, "malformed_json", []string{"/price/amount"}},
		"garbage after":        {validBody + `x`, 400, "malformed_json", []string{""}},
		"two texts":            {validBody + validBody, 400, "malformed_json", []string{""}},
		"duplicate name":       {`{"title":"x","price":{"amount":1,"amount":2,"currency":"EUR"}}`, 400, "malformed_json", []string{"/price/amount"}},
		"invalid UTF-8":        {"{\"title\":\"\xff\"}", 400, "malformed_json", []string{""}},
		"control character":    {"{\"title\":\"a\nb\"}", 400, "malformed_json", []string{"/title"}},
		"nested too deeply":    {strings.Repeat(`[`, 5000), 413, "body_too_large", []string{}},
		"nested":               {strings.Repeat(`[`, 100), 400, "malformed_json", []string{strings.Repeat("/0", 64)}},
		"too large":            {`{"title":"` + strings.Repeat("x", 5000) + `"}`, 413, "body_too_large", []string{}},
		"white space only":     {"  ", 400, "malformed_json", []string{""}},
		"string with bad code": {`{"title":"\u12"}`, 400, "malformed_json", []string{"/title"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := send(h, nobody, http.MethodPost, "/v1/products", c.body)
			if p := got.problem(t); got.Status != c.status || p.Code != c.code {
				t.Errorf("got %d %s, want %d %s: %s", got.Status, p.Code, c.status, c.code, got.Body)
			}
			if diff := cmp.Diff(c.pointers, got.pointers(t)); diff != "" {
				t.Errorf("pointers (-want +got):\n%s\n%s", diff, got.Body)
			}
		})
	}
}
