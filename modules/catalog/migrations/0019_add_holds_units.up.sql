-- The units of all lines together.
ALTER TABLE catalog_holds ADD COLUMN units BIGINT NOT NULL DEFAULT 0;
