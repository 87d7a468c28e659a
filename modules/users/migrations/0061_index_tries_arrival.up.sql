CREATE INDEX users_tries_arrival ON users_tries (arrival);
