-- The ledger of the test provider, which behaves as another company would: nothing outside its package reads it. charge is
-- the key the payment was asked under.
CREATE TABLE payments_test_charges (
    charge VARCHAR(64) NOT NULL PRIMARY KEY,
    method VARCHAR(64) NOT NULL,
    status VARCHAR(16) NOT NULL,
    currency VARCHAR(3) NOT NULL,
    amount BIGINT NOT NULL,
    captured BIGINT NOT NULL,
    refunded BIGINT NOT NULL,
    capture_at BIGINT NULL,
    created_at BIGINT NOT NULL,
    CHECK (status = 'pending' OR status = 'captured' OR status = 'declined'),
    CHECK (captured <= amount),
    CHECK (refunded <= captured)
);
