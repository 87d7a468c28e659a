CREATE TABLE emails_suppressions (
  address VARCHAR(320) NOT NULL PRIMARY KEY,
  reason VARCHAR(20) NOT NULL,
  detail VARCHAR(200) NOT NULL,
  letter_id VARCHAR(40) NOT NULL,
  created_at BIGINT NOT NULL
)
