CREATE INDEX emails_mailbox_created ON emails_mailbox (created_at)
