-- Units that one order may have at most.
ALTER TABLE catalog_products ADD COLUMN max_quantity BIGINT NOT NULL DEFAULT 10000;
