-- The address that each account has shown to be its own, as users told it last.
CREATE TABLE emails_accounts (
  user_id VARCHAR(40) NOT NULL PRIMARY KEY,
  address VARCHAR(320) NOT NULL,
  told_at BIGINT NOT NULL
)
