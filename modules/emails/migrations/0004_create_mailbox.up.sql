CREATE TABLE emails_mailbox (
  letter_id VARCHAR(40) NOT NULL PRIMARY KEY,
  recipient VARCHAR(320) NOT NULL,
  subject VARCHAR(250) NOT NULL,
  body_text MEDIUMTEXT NOT NULL,
  body_html MEDIUMTEXT NOT NULL,
  created_at BIGINT NOT NULL
)
