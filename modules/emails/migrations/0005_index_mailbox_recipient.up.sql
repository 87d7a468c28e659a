CREATE INDEX emails_mailbox_recipient ON emails_mailbox (recipient, created_at)
