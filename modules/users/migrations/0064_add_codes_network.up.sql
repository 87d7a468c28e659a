-- Which network the registration came from; empty where it is not known. Letters are counted by it, and a newer code of one network does not
-- make void what another network has asked for.
ALTER TABLE users_codes ADD COLUMN network VARCHAR(64) NOT NULL DEFAULT '';
