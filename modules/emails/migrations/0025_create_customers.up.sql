-- Whom a merchant may write to about which order, until it is swept.
CREATE TABLE emails_customers (
  order_id VARCHAR(40) NOT NULL,
  merchant_id VARCHAR(40) NOT NULL,
  recipient VARCHAR(320) NOT NULL,
  locale VARCHAR(40) NOT NULL,
  own INTEGER NOT NULL,
  paid_at BIGINT NOT NULL,
  PRIMARY KEY (order_id, merchant_id),
  CHECK (own = 0 OR own = 1)
)
