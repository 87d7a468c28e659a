CREATE INDEX users_ceremonies_expires ON users_ceremonies (expires_at);
