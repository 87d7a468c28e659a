CREATE INDEX merchants_invitations_inviter ON merchants_invitations (invited_by, created_at)
