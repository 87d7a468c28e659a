CREATE INDEX users_accounts_hash_kind ON users_accounts (hash_kind);
