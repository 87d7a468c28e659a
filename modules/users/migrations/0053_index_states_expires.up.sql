CREATE INDEX users_states_expires ON users_states (expires_at);
