-- Why on_hand and sold are what they are; rows are only ever added. received and corrected add up to on_hand, sold
-- (negative) and returned add up to minus sold. order_id is empty for what no order caused.
CREATE TABLE catalog_movements (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    product_id VARCHAR(40) NOT NULL,
    kind VARCHAR(16) NOT NULL,
    delta BIGINT NOT NULL,
    reason VARCHAR(200) NOT NULL,
    actor VARCHAR(64) NOT NULL,
    order_id VARCHAR(40) NOT NULL,
    created_at BIGINT NOT NULL,
    CHECK (kind = 'received' OR kind = 'corrected' OR kind = 'sold' OR kind = 'returned'),
    CHECK (delta <> 0)
);
