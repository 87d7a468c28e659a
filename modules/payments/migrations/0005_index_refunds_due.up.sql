CREATE INDEX payments_refunds_due ON payments_refunds (due_at);
