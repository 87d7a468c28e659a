-- 1 for what is held for a guest and counts in held_guests.
ALTER TABLE catalog_hold_lines ADD COLUMN guest BIGINT NOT NULL DEFAULT 0;
