-- What the product's page is called in its address. Empty for a product of before until one is made for it.
ALTER TABLE catalog_products ADD COLUMN slug VARCHAR(48) NOT NULL DEFAULT '';
