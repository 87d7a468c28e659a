CREATE TABLE http_idempotency (
  id VARCHAR(64) NOT NULL PRIMARY KEY,
  fingerprint VARCHAR(64) NOT NULL,
  state INTEGER NOT NULL CHECK (state IN (0, 1)),
  holder VARCHAR(64) NOT NULL,
  lease_until BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  status INTEGER NOT NULL,
  reply MEDIUMBLOB
)
