-- One order. checkout_key is the buyer's idempotency key, so that a repeated checkout finds its order. due_at is when the
-- reconciler has to look at it, null once nothing can be stuck any more.
CREATE TABLE orders_orders (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    cart_id VARCHAR(40) NOT NULL,
    buyer_id VARCHAR(40) NOT NULL,
    token_hash VARCHAR(64) NOT NULL,
    email VARCHAR(254) NOT NULL,
    status VARCHAR(16) NOT NULL,
    currency VARCHAR(3) NOT NULL,
    total BIGINT NOT NULL,
    checkout_key VARCHAR(64) NOT NULL UNIQUE,
    payment_id VARCHAR(40) NOT NULL,
    payment_method VARCHAR(64) NOT NULL,
    payment_status VARCHAR(16) NOT NULL,
    expires_at BIGINT NOT NULL,
    due_at BIGINT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (status = 'pending_payment' OR status = 'paid' OR status = 'cancelled' OR status = 'refunded'),
    CHECK (payment_status = 'pending' OR payment_status = 'succeeded' OR payment_status = 'failed' OR payment_status = 'refunded'),
    CHECK (total >= 0)
) WITHOUT ROWID;
