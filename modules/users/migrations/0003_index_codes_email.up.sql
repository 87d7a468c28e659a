CREATE INDEX users_codes_email ON users_codes (email_key, created_at);
