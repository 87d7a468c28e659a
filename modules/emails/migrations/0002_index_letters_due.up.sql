CREATE INDEX emails_letters_due ON emails_letters (status, next_at)
