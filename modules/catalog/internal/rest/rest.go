// Package rest is catalog's part of the public API: products and their stock.
package rest

import (
	"net/http"

	"app/modules/catalog/internal/reason"
	"app/modules/catalog/internal/service"
	"app/platform/httpserver"
	"app/platform/identity"
)

// Handlers serve the operations.
type Handlers struct{ service *service.Service }

// NewHandlers makes the handlers of a service.
func NewHandlers(s *service.Service) *Handlers { return &Handlers{s} }

// Register declares the operations. The handlers are looked up at each request, because
// operations are declared where the module is not hosted too.
func Register(api *httpserver.API, h **Handlers) {
	httpserver.Register(api, httpserver.Operation{
		Method: http.MethodPost, Path: "/v1/products", ID: "create-product", Summary: "List a product", Tags: tags,
		Description: "A manager of the merchant may. The sku is unique among the merchant's listed products.",
		Access:      httpserver.Member, Scope: identity.CatalogWrite, Rate: httpserver.RateDefault, Status: http.StatusCreated, Errors: []int{403, 404, 409},
	}, httpserver.On(h, (*Handlers).CreateProduct))
	httpserver.Register(api, httpserver.Operation{
		Method: http.MethodGet, Path: "/v1/products", ID: "list-products", Summary: "Find products", Tags: tags,
		Description: "Newest first. Archived products are left out.",
		Access:      httpserver.Public, Rate: httpserver.RateDefault,
	}, httpserver.On(h, (*Handlers).ListProducts))
	httpserver.Register(api, httpserver.Operation{
		Method: http.MethodGet, Path: "/v1/products/{id}", ID: "get-product", Summary: "Read a product", Tags: tags,
		Access: httpserver.Public, Rate: httpserver.RateDefault, Errors: []int{404},
	}, httpserver.On(h, (*Handlers).GetProduct))
	httpserver.Register(api, httpserver.Operation{
		Method: http.MethodPatch, Path: "/v1/products/{id}", ID: "change-product", Summary: "Change a product", Tags: tags,
		Description: "A manager of the merchant may. What is not sent stays as it is. If-Match takes the ETag of the product; units sold in between do not matter.",
		Access:      httpserver.Member, Scope: identity.CatalogWrite, Rate: httpserver.RateDefault, Errors: []int{403, 404, 409, 412},
	}, httpserver.On(h, (*Handlers).UpdateProduct))
	httpserver.Register(api, httpserver.Operation{
		Method: http.MethodDelete, Path: "/v1/products/{id}", ID: "archive-product", Summary: "Take a product off sale", Tags: tags,
		Description: "A manager of the merchant may. Orders that hold or bought the product stay as they are.",
		Access:      httpserver.Member, Scope: identity.CatalogWrite, Rate: httpserver.RateDefault, Errors: []int{403, 404, 409, 412},
	}, httpserver.On(h, (*Handlers).ArchiveProduct))
	registerStock(api, h)
	api.Problems(reason.All()...)
}

func registerStock(api *httpserver.API, h **Handlers) {
	httpserver.Register(api, httpserver.Operation{
		Method: http.MethodGet, Path: "/v1/products/{id}/stock", ID: "get-stock", Summary: "Read a product's stock", Tags: tags,
		Description: "Any member of the merchant may.",
		Access:      httpserver.Member, Scope: identity.CatalogRead, Rate: httpserver.RateDefault, Errors: []int{404},
	}, httpserver.On(h, (*Handlers).GetStock))
	httpserver.Register(api, httpserver.Operation{
		Method: http.MethodPost, Path: "/v1/products/{id}/stock", ID: "correct-stock", Summary: "Add or take away units", Tags: tags,
		Description: "A manager of the merchant may. The movement is kept for ever. Units that are held or sold cannot be taken away. With If-Match, the ETag of the stock, nothing happens if it has changed since.",
		Access:      httpserver.Member, Scope: identity.CatalogWrite, Rate: httpserver.RateDefault, Errors: []int{403, 404, 409, 412},
	}, httpserver.On(h, (*Handlers).CorrectStock))
}

var tags = []string{"Products"}
