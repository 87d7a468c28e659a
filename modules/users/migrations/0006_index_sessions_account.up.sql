CREATE INDEX users_sessions_account ON users_sessions (account_id);
