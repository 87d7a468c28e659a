CREATE INDEX users_audit_account ON users_audit (account_id, id);
