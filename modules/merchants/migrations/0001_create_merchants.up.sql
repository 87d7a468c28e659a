-- Who sells. A merchant that is pending has not been approved and may not sell yet. Times are microseconds since 1970.
CREATE TABLE merchants_merchants (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    slug VARCHAR(64) NOT NULL UNIQUE,
    name VARCHAR(200) NOT NULL,
    description TEXT NOT NULL,
    status VARCHAR(16) NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CHECK (status IN ('pending', 'approved'))
)
