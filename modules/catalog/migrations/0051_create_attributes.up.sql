-- Facts about products that are declared before they are given. merchant_id is empty for those of the shop, which all
-- merchants use. choices has one in each line, for the kind choice. unit is that of numbers.
CREATE TABLE catalog_attributes (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    merchant_id VARCHAR(40) NOT NULL,
    code VARCHAR(40) NOT NULL,
    name VARCHAR(200) NOT NULL,
    kind VARCHAR(8) NOT NULL,
    choices TEXT NOT NULL,
    unit VARCHAR(16) NOT NULL,
    filterable BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (merchant_id, code),
    CHECK (kind = 'text' OR kind = 'number' OR kind = 'bool' OR kind = 'choice')
);
