// Package openapi makes one OpenAPI document of the operations of all modules.
package openapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"app/platform/operation"
	"app/platform/problem"
)

// Render is Merge as JSON.
func Render(apis ...*operation.API) ([]byte, error) {
	document, err := Merge(apis...)
	if err != nil {
		return nil, err
	}
	out, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode openapi: %w", err)
	}
	return out, nil
}

// Merge makes one document of the modules' own. It fails when two modules declare the
// same path and method or the same operation id. Marshalled, it is the same bytes for
// the same operations.
func Merge(apis ...*operation.API) (*huma.OpenAPI, error) {
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	about := aboutOf(apis)
	out := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Souk", Version: "1",
			Description: strings.TrimSpace(about.Summary + " Errors are application/problem+json, explained under " + problem.PagePath + "."),
		},
		Paths:      map[string]*huma.PathItem{},
		Components: &huma.Components{Schemas: schemas, SecuritySchemes: securitySchemes(about)},
	}
	seen := map[string]string{}
	for _, a := range apis {
		doc := a.OpenAPI()
		maps.Copy(schemas.Map(), doc.Components.Schemas.Map())
		for path, item := range doc.Paths {
			merged := out.Paths[path]
			if merged == nil {
				merged = &huma.PathItem{}
				out.Paths[path] = merged
			}
			if err := mergeItem(merged, item, path, a.Module(), seen); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func mergeItem(into, from *huma.PathItem, path, module string, seen map[string]string) error {
	for _, slot := range []struct{ to, op **huma.Operation }{
		{&into.Get, &from.Get},
		{&into.Post, &from.Post},
		{&into.Put, &from.Put},
		{&into.Patch, &from.Patch},
		{&into.Delete, &from.Delete},
	} {
		op := *slot.op
		if op == nil {
			continue
		}
		if *slot.to != nil {
			return fmt.Errorf("merge openapi: %s %s is declared twice, once by %s", op.Method, path, module)
		}
		if other, ok := seen[op.OperationID]; ok {
			return fmt.Errorf("merge openapi: operation id %s is used by %s and %s", op.OperationID, other, module)
		}
		seen[op.OperationID] = module
		*slot.to = op
	}
	return nil
}
