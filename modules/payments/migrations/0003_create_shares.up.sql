-- The part of a payment that is for one merchant's lines. refunded counts the merchant's refunds, done and under way.
CREATE TABLE payments_shares (
    payment_id VARCHAR(40) NOT NULL,
    merchant_id VARCHAR(40) NOT NULL,
    amount BIGINT NOT NULL,
    refunded BIGINT NOT NULL,
    PRIMARY KEY (payment_id, merchant_id),
    CHECK (refunded >= 0),
    CHECK (refunded <= amount)
);
