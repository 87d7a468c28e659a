-- As in users_codes, and 'own' for a network that the account has signed in from. Since there are shares, network is that of every request.
ALTER TABLE users_requests ADD COLUMN share VARCHAR(8) NOT NULL DEFAULT '';
