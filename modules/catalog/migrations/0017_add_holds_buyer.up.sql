-- Whom the hold is counted for while it is held: an account, or what stands for a guest's address. Empty: nobody.
ALTER TABLE catalog_holds ADD COLUMN buyer VARCHAR(64) NOT NULL DEFAULT '';
