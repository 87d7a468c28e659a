CREATE INDEX users_requests_account ON users_requests (account_id);
