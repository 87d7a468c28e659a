// Package rest is catalog's part of the public API: products and their stock.
package rest

import (
	"net/http"

	"app/modules/catalog/internal/service"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/operation"
)

// handlers serve the operations. The service is asked for at each request, because
// operations are declared where the module is not hosted too.
type handlers struct{ service func() *service.Service }

// Register declares the operations.
func Register(api *operation.API, svc func() *service.Service) {
	h := handlers{svc}
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/products", ID: "create-product", Summary: "List a product", Tags: tags,
		Description: "A manager of the merchant may. The sku is unique among the merchant's listed products.",
		Access:      operation.Member, Scope: identity.CatalogWrite, Rate: operation.RateDefault, Status: http.StatusCreated, Errors: []int{403, 404, 409},
	}, h.createProduct)
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/products", ID: "list-products", Summary: "Find products", Tags: tags,
		Description: "Newest first. Archived products are left out.",
		Access:      operation.Public, Rate: operation.RateDefault,
	}, h.listProducts)
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/products/{id}", ID: "get-product", Summary: "Read a product", Tags: tags,
		Access: operation.Public, Rate: operation.RateDefault, Errors: []int{404},
	}, h.getProduct)
	operation.Register(api, operation.Operation{
		Method: http.MethodPatch, Path: "/v1/products/{id}", ID: "change-product", Summary: "Change a product", Tags: tags,
		Description: "A manager of the merchant may. What is not sent stays as it is. If-Match takes the ETag of the product; units sold in between do not matter.",
		Access:      operation.Member, Scope: identity.CatalogWrite, Rate: operation.RateDefault, Errors: []int{403, 404, 409, 412},
	}, h.updateProduct)
	operation.Register(api, operation.Operation{
		Method: http.MethodDelete, Path: "/v1/products/{id}", ID: "archive-product", Summary: "Take a product off sale", Tags: tags,
		Description: "A manager of the merchant may. Orders that hold or bought the product stay as they are.",
		Access:      operation.Member, Scope: identity.CatalogWrite, Rate: operation.RateDefault, Errors: []int{403, 404, 409, 412},
	}, h.archiveProduct)
	h.registerStock(api)
	api.Problems(problems...)
}

func (h handlers) registerStock(api *operation.API) {
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/products/{id}/stock", ID: "get-stock", Summary: "Read a product's stock", Tags: tags,
		Description: "Any member of the merchant may.",
		Access:      operation.Member, Scope: identity.CatalogRead, Rate: operation.RateDefault, Errors: []int{404},
	}, h.getStock)
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/products/{id}/stock", ID: "correct-stock", Summary: "Add or take away units", Tags: tags,
		Description: "A manager of the merchant may. The movement is kept for ever. Units that are held or sold cannot be taken away. With If-Match, the ETag of the stock, nothing happens if it has changed since.",
		Access:      operation.Member, Scope: identity.CatalogWrite, Rate: operation.RateDefault, Errors: []int{403, 404, 409, 412},
	}, h.correctStock)
}

var tags = []string{"Products"}

var problems = []fault.Reason{
	{Code: "product_not_found", Status: 404, Title: "No such product", Help: "The product does not exist, is not sold any more, or is not yours to change."},
	{Code: "merchant_not_found", Status: 404, Title: "No such merchant", Help: "The merchant does not exist, or you have no role with it."},
	{Code: "merchant_not_approved", Status: 409, Title: "Merchant not approved", Help: "The merchant cannot sell before it has been approved."},
	{Code: "sku_taken", Status: 409, Title: "SKU taken", Help: "The merchant lists another product under this sku. Choose another one, or archive that product."},
	{Code: "stock_short", Status: 409, Title: "Not enough stock", Help: "The units are not there, or they are held or sold. Read the stock and ask for less."},
}
