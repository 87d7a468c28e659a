-- What the merchant's own system calls the product; empty when it has not said.
ALTER TABLE catalog_products ADD COLUMN external_id VARCHAR(64) NOT NULL DEFAULT '';
