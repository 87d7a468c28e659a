// Package reason declares the public codes of the module, each once.
package reason

import (
	"app/modules/catalog/catalogv1"
	"app/modules/merchants/merchantsv1"
	"app/platform/fault"
	"app/platform/slug"
)

// Of products and whose they are.
var (
	// ProductNotFound hides what is archived from everybody, and from whoever has no
	// role with the merchant what only its members see, such as drafts.
	ProductNotFound = fault.Reason{
		Kind: fault.NotFound, Code: "product_not_found", Detail: "There is no such product.",
		Title: "No such product", Help: "The product does not exist, is not sold yet or any more, or is not yours to change.",
	}
	SKUTaken = fault.Reason{
		Kind: fault.AlreadyExists, Code: "sku_taken", Detail: "The merchant has a product with this sku.",
		Title: "SKU taken", Help: "The merchant lists another product under this sku. Choose another one, or archive that product.",
	}
	ExternalIDTaken = fault.Reason{
		Kind: fault.AlreadyExists, Code: "external_id_taken", Detail: "The merchant has a product with this external_id.",
		Title: "External id taken", Help: "The merchant lists another product under this external_id. Change that product, or archive it.",
	}
)

// All lists the module's reasons for the page of problems, those of contracts with
// them.
func All() []fault.Reason {
	return []fault.Reason{
		ProductNotFound, SKUTaken, ExternalIDTaken, slug.Taken, catalogv1.StockShort,
		merchantsv1.MerchantNotFound, merchantsv1.RoleTooLow, merchantsv1.MerchantNotApproved,
	}
}
