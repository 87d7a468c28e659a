CREATE INDEX payments_webhooks_due ON payments_webhooks (due_at);
