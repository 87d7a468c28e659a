-- The network around a guest, or the account once more: what holds are looked up by to be counted. Empty: not counted.
ALTER TABLE catalog_holds ADD COLUMN network VARCHAR(64) NOT NULL DEFAULT '';
