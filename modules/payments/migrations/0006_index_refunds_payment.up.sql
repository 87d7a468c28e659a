CREATE INDEX payments_refunds_payment ON payments_refunds (payment_id, created_at, id);
