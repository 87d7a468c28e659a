-- A module's schema and the account that reaches it and no other. deploy/secrets.sh fills in the name and the password;
-- a server runs the result when its volume is new, and it may be run again by hand:
--   docker compose exec -T mysql sh -c 'mysql -uroot -p"$(cat /run/secrets/mysql_root_password)"' < deploy/secrets/mysql/orders.sql
CREATE DATABASE IF NOT EXISTS `@module@` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE USER IF NOT EXISTS '@module@'@'%' IDENTIFIED BY '@password@';
-- A module migrates its own schema, so it may change tables there. It may not hand out rights.
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP, REFERENCES ON `@module@`.* TO '@module@'@'%';
