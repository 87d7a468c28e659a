-- The language that letters to the account's owner are in, as a BCP 47 tag; empty: not known.
ALTER TABLE users_accounts ADD COLUMN locale VARCHAR(35) NOT NULL DEFAULT '';
