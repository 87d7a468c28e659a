CREATE INDEX http_idempotency_age ON http_idempotency (created_at)
