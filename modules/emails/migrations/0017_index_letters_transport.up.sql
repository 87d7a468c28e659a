CREATE INDEX emails_letters_transport ON emails_letters (transport_id)
