CREATE INDEX users_requests_created ON users_requests (created_at);
