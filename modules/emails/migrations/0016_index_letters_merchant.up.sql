CREATE INDEX emails_letters_merchant ON emails_letters (merchant_id, created_at)
