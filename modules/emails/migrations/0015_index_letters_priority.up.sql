CREATE INDEX emails_letters_priority ON emails_letters (status, priority, next_at)
