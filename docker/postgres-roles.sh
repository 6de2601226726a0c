#!/bin/sh
# Runs once, when the PostgreSQL container makes its data folder: the database, its owner (migrations only)
# and the service's login. Neither is a superuser, so what the migrations refuse is refused to both.
set -eu
psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv owner_password SEGPROOF_OWNER_PASSWORD
\getenv service_password SEGPROOF_SERVICE_PASSWORD
CREATE ROLE segproof_owner LOGIN CREATEROLE PASSWORD :'owner_password';
CREATE ROLE segproof_service NOLOGIN;
CREATE ROLE segproof_app LOGIN PASSWORD :'service_password' IN ROLE segproof_service;
CREATE DATABASE segproof OWNER segproof_owner ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE segproof FROM PUBLIC;
GRANT CONNECT ON DATABASE segproof TO segproof_service;
SQL
