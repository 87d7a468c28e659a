-- What a merchant sells. search is title, sku and description in lower case. sku_key makes a live product's sku
-- unique for its merchant: it is the sku while the product is listed and the product's id once it is archived, so
-- that the sku can be used again. archived_at is 0 for a listed product. Times are microseconds since 1970.
CREATE TABLE catalog_products (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    merchant_id VARCHAR(40) NOT NULL,
    title VARCHAR(200) NOT NULL,
    description TEXT NOT NULL,
    sku VARCHAR(64) NOT NULL,
    sku_key VARCHAR(64) NOT NULL,
    search TEXT NOT NULL,
    price_amount BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    version BIGINT NOT NULL,
    archived_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (merchant_id, sku_key),
    CHECK (price_amount >= 0)
);
