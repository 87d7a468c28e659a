-- One cart. order_id is the order its next checkout makes: it is a new one after every change of the lines, so that
-- stock held for an older version can never serve a newer one. currency is empty while the cart is.
CREATE TABLE orders_carts (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    buyer_id VARCHAR(40) NOT NULL,
    token_hash VARCHAR(64) NOT NULL,
    currency VARCHAR(3) NOT NULL,
    state VARCHAR(16) NOT NULL,
    order_id VARCHAR(40) NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (state IN ('open', 'ordered')),
    CHECK ((buyer_id = '') <> (token_hash = ''))
) WITHOUT ROWID;
