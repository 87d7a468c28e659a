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

// Of the tree of categories.
var (
	CategoryNotFound = fault.Reason{
		Kind: fault.NotFound, Code: "category_not_found", Detail: "There is no such category.",
		Title: "No such category", Help: "The category does not exist. GET /v1/categories lists those that do.",
	}
	CategoryNotEmpty = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "category_not_empty", Detail: "There are categories below this one, or products in it.",
		Title: "Category not empty", Help: "Move or remove the categories below it, and put its products elsewhere, first.",
	}
	TooManyCategories = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "too_many_categories",
		Title: "Too many categories", Help: "The tree has as many categories as it may. Remove those that are empty.",
	}
)

// Of merchants' collections.
var (
	CollectionNotFound = fault.Reason{
		Kind: fault.NotFound, Code: "collection_not_found", Detail: "There is no such collection.",
		Title: "No such collection", Help: "The collection does not exist, or is not yours to change.",
	}
)

// Of attributes of products.
var (
	AttributeNotFound = fault.Reason{
		Kind: fault.NotFound, Code: "attribute_not_found", Detail: "There is no such attribute.",
		Title: "No such attribute", Help: "The attribute does not exist, or is not yours to change.",
	}
	AttributeCodeTaken = fault.Reason{
		Kind: fault.AlreadyExists, Code: "attribute_code_taken", Detail: "There is an attribute with this code.",
		Title: "Code of an attribute taken", Help: "The merchant, or the shop, has declared another attribute with this code. Choose another one.",
	}
	ChoiceInUse = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "choice_in_use", Detail: "Products have a choice that is to be taken away.",
		Title: "Choice in use", Help: "Give the products that have the choice another one first, or leave it among the choices.",
	}
	TooManyAttributes = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "too_many_attributes",
		Title: "Too many attributes", Help: "A merchant declares up to 200 attributes, and so does the shop.",
	}
)

// All lists the module's reasons for the page of problems, those of contracts with
// them.
func All() []fault.Reason {
	return []fault.Reason{
		ProductNotFound, SKUTaken, ExternalIDTaken, slug.Taken, catalogv1.StockShort,
		CategoryNotFound, CategoryNotEmpty, TooManyCategories, CollectionNotFound,
		AttributeNotFound, AttributeCodeTaken, ChoiceInUse, TooManyAttributes,
		merchantsv1.MerchantNotFound, merchantsv1.RoleTooLow, merchantsv1.MerchantNotApproved,
	}
}
