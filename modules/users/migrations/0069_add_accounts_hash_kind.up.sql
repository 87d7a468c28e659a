-- The beginning of a password's hash that came from elsewhere, up to its cost, such as $2b$12$; empty for hashes of ours. While there are any, a refused sign-in
-- costs what it would for each of them, so that time does not tell which account has one.
ALTER TABLE users_accounts ADD COLUMN hash_kind VARCHAR(64) NOT NULL DEFAULT '';
