INSERT INTO users_epochs (name, value) VALUES ('revocations', 0);
