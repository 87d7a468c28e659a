CREATE INDEX emails_withheld_last ON emails_withheld (last_at)
