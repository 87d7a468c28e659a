-- 1: the account was imported, and nobody has shown here yet that its password and its address are one person's.
ALTER TABLE users_accounts ADD COLUMN unconfirmed INTEGER NOT NULL DEFAULT 0;
