CREATE INDEX users_sessions_expires ON users_sessions (expires_at);
