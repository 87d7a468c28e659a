CREATE INDEX users_cookies_session ON users_cookies (session_id);
