-- Units that one order has to have at least.
ALTER TABLE catalog_products ADD COLUMN min_quantity BIGINT NOT NULL DEFAULT 1;
