CREATE INDEX payments_test_webhooks_due ON payments_test_webhooks (due_at);
