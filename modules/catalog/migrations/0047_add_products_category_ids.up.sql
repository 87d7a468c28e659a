-- The ids of catalog_category_products in their order, with spaces between them, so that a product is read with them.
ALTER TABLE catalog_products ADD COLUMN category_ids VARCHAR(1000) NOT NULL DEFAULT '';
