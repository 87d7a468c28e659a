CREATE INDEX merchants_members_user ON merchants_members (user_id, merchant_id)
