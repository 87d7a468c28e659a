-- What the test provider has given back, by the key it was asked under.
CREATE TABLE payments_test_refunds (
    refund VARCHAR(64) NOT NULL PRIMARY KEY,
    charge VARCHAR(64) NOT NULL,
    amount BIGINT NOT NULL,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;
