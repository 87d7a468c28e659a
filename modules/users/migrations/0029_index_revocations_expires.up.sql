CREATE INDEX users_revocations_expires ON users_revocations (expires_at);
