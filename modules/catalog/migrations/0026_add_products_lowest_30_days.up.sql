-- The lowest amount that the product cost, in the currency of its price, in the 30 days before price_since; NULL when it had no
-- price in that currency then.
ALTER TABLE catalog_products ADD COLUMN lowest_30_days BIGINT DEFAULT NULL;
