-- Who opened the account, for the limit of an account's merchants. Empty: not known.
ALTER TABLE merchants_merchants ADD COLUMN opened_by VARCHAR(40) NOT NULL DEFAULT ''
