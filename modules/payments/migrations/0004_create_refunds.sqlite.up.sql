-- One refund. Its id is the key the provider knows it by, so that asking twice gives back once. merchant_id is empty for
-- refunds of the shop itself: by an administrator, or because the order was cancelled.
CREATE TABLE payments_refunds (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    payment_id VARCHAR(40) NOT NULL,
    merchant_id VARCHAR(40) NOT NULL,
    amount BIGINT NOT NULL,
    reason VARCHAR(255) NOT NULL,
    state VARCHAR(16) NOT NULL,
    tries BIGINT NOT NULL,
    due_at BIGINT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (state = 'queued' OR state = 'sending' OR state = 'unknown' OR state = 'done' OR state = 'failed'),
    CHECK (amount > 0)
) WITHOUT ROWID;
