-- Who may act for a merchant. role: 1 viewer, 2 manager, 3 owner.
CREATE TABLE merchants_members (
    merchant_id VARCHAR(40) NOT NULL,
    user_id VARCHAR(40) NOT NULL,
    role INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, user_id),
    CHECK (role BETWEEN 1 AND 3)
)
