CREATE INDEX emails_letters_claim ON emails_letters (claim)
