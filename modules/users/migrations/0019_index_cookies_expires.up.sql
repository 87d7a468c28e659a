CREATE INDEX users_cookies_expires ON users_cookies (expires_at);
