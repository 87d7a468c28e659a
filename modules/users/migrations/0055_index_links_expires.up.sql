CREATE INDEX users_links_expires ON users_links (expires_at);
