-- The amount that the price is announced as a reduction of, in the price's currency; 0 when it is none. It is shown while it is
-- more than the price.
ALTER TABLE catalog_products ADD COLUMN compare_at BIGINT NOT NULL DEFAULT 0 CHECK (compare_at >= 0);
