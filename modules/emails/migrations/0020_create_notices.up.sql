CREATE TABLE emails_notices (
  message_id VARCHAR(100) NOT NULL PRIMARY KEY,
  received_at BIGINT NOT NULL
)
