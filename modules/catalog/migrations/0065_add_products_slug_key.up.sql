-- The slug while the product is listed, and NULL where there is none.
ALTER TABLE catalog_products ADD COLUMN slug_key VARCHAR(48) DEFAULT NULL;
