CREATE INDEX users_passkeys_account ON users_passkeys (account_id);
