CREATE INDEX users_codes_created ON users_codes (created_at);
