-- When the product can be seen and bought by everybody: 0 since ever, a time to come for a draft that is published then, and
-- the largest number of all for a draft that waits for somebody.
ALTER TABLE catalog_products ADD COLUMN public_from BIGINT NOT NULL DEFAULT 0 CHECK (public_from >= 0);
