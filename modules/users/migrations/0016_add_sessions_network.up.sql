-- The first part of the address that the sign-in came from, such as 203.0.113.0/24; empty where it is not known.
ALTER TABLE users_sessions ADD COLUMN network VARCHAR(64) NOT NULL DEFAULT '';
