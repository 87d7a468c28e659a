ALTER TABLE users_sessions ADD COLUMN transport VARCHAR(8) NOT NULL DEFAULT 'token';
