CREATE INDEX users_refresh_expires ON users_refresh (expires_at);
