CREATE INDEX emails_notices_received ON emails_notices (received_at)
