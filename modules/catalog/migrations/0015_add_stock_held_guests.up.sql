-- What of held is held for guests. It may be above held after a release that does not know the column has given
-- guests' units back; then it counts as held.
ALTER TABLE catalog_stock ADD COLUMN held_guests BIGINT NOT NULL DEFAULT 0 CHECK (held_guests >= 0);
