CREATE INDEX users_requests_email ON users_requests (email_key, purpose, network, created_at);
