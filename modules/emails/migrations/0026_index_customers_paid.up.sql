CREATE INDEX emails_customers_paid ON emails_customers (paid_at)
