-- When the user last showed who they are; NULL: at created_at.
ALTER TABLE users_sessions ADD COLUMN proved_at BIGINT;
