-- The stock of one order. held -> sold when it is paid; held -> released when the order was never placed or the hold
-- lapsed; released -> sold or short when the payment came after all; any -> cancelled, which is final.
CREATE TABLE catalog_holds (
    order_id VARCHAR(40) NOT NULL PRIMARY KEY,
    state VARCHAR(16) NOT NULL,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CHECK (state = 'held' OR state = 'sold' OR state = 'released' OR state = 'short' OR state = 'cancelled')
);
