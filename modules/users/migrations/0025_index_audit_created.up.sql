CREATE INDEX users_audit_created ON users_audit (created_at);
