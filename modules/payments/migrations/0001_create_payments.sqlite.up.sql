-- One payment of one order. refunding is what refunds under way will take, refunded what the provider has given back.
-- attempt says what is known of the charge asked of the provider: sending and unknown are settled by the reconciler at
-- due_at, which is null once nothing can be stuck any more. cancelled_at is when the order was cancelled.
CREATE TABLE payments_payments (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    order_id VARCHAR(40) NOT NULL UNIQUE,
    status VARCHAR(16) NOT NULL,
    reason VARCHAR(64) NOT NULL,
    currency VARCHAR(3) NOT NULL,
    amount BIGINT NOT NULL,
    captured BIGINT NOT NULL,
    refunding BIGINT NOT NULL,
    refunded BIGINT NOT NULL,
    provider VARCHAR(32) NOT NULL,
    method VARCHAR(64) NOT NULL,
    email VARCHAR(254) NOT NULL,
    buyer_id VARCHAR(40) NOT NULL,
    token_hash VARCHAR(64) NOT NULL,
    expires_at BIGINT NOT NULL,
    cancelled_at BIGINT NULL,
    attempt VARCHAR(16) NOT NULL,
    tries BIGINT NOT NULL,
    due_at BIGINT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (status = 'pending' OR status = 'succeeded' OR status = 'failed' OR status = 'refunded'),
    CHECK (attempt = 'none' OR attempt = 'sending' OR attempt = 'unknown' OR attempt = 'done'),
    CHECK (captured >= 0),
    CHECK (captured <= amount),
    CHECK (refunding >= 0),
    CHECK (refunded >= 0),
    CHECK (refunded + refunding <= captured)
) WITHOUT ROWID;
