-- When a key begins to sign: it is published before that, so that nobody meets a token of an unknown key. NULL: at created_at.
ALTER TABLE users_keys ADD COLUMN active_from BIGINT;
