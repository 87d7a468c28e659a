CREATE INDEX users_sessions_network ON users_sessions (network);
