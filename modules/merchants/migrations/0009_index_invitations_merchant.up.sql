CREATE INDEX merchants_invitations_merchant ON merchants_invitations (merchant_id, created_at)
