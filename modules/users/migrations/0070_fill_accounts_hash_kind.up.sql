UPDATE users_accounts SET hash_kind = CASE WHEN password_hash LIKE '$2%' THEN SUBSTR(password_hash, 1, 7)
    ELSE SUBSTR(password_hash, 1, INSTR(SUBSTR(password_hash, 16), '$') + 15) END
    WHERE password_hash LIKE '$2%' OR (password_hash LIKE '$argon2id$v=19$%' AND password_hash NOT LIKE '$argon2id$v=19$m=19456,t=2,p=1$%');
