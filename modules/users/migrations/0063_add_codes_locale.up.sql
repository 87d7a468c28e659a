-- The language of the registration.
ALTER TABLE users_codes ADD COLUMN locale VARCHAR(35) NOT NULL DEFAULT '';
