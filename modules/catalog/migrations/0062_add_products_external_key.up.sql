-- The external_id while the product is listed, and NULL where there is none, so that products without one do not meet.
ALTER TABLE catalog_products ADD COLUMN external_key VARCHAR(64) DEFAULT NULL;
