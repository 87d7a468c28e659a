CREATE INDEX users_pending_account ON users_pending (account_id);
