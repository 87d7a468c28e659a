-- Since when the product has its price; 0 for one that has had it all along.
ALTER TABLE catalog_products ADD COLUMN price_since BIGINT NOT NULL DEFAULT 0;
