CREATE INDEX emails_suppressions_created ON emails_suppressions (created_at, address)
