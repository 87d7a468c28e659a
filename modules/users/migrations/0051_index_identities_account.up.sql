CREATE INDEX users_identities_account ON users_identities (account_id);
