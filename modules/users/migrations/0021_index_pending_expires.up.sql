CREATE INDEX users_pending_expires ON users_pending (expires_at);
