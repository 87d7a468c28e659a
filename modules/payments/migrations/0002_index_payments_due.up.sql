CREATE INDEX payments_payments_due ON payments_payments (due_at);
