#!/bin/sh
# A PostgreSQL of its own, for comparison: started in a new folder, filled, and stopped when standard input ends.
#
#   bench/postgres.sh FOLDER PG_BIN CARDS PAST_ROWS
#
# FOLDER is new and on the disk that is to be measured; PG_BIN is where `postgres`, `initdb` and `psql` are. Says
# `ready FOLDER/socket` once sales can be authorized. No network port is taken: clients come by the socket.
# `cardwarden bench` runs this; by hand, keep its input open:
#
#   sleep 600 | bench/postgres.sh /var/tmp/pg /usr/lib/postgresql/15/bin 100000 1000000
#   pgbench -h /var/tmp/pg/socket -U postgres -n -M prepared -c 8 -j 2 -T 5 -D cards=100000 -f bench/sale.pgbench postgres
set -eu

folder=$1 bin=$2 cards=$3 past=$4
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# Ctrl-C ends whoever started this, and with it our input: then we stop in good order.
trap '' INT HUP

# The server refuses to run as root.
as_owner() {
    if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

mkdir "$folder" "$folder/socket"
if [ "$(id -u)" = 0 ]; then chown -R postgres "$folder"; fi
folder=$(CDPATH='' cd -- "$folder" && pwd)
cd /

stop() {
    as_owner "$bin/pg_ctl" -D "$folder/data" -m fast -w stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap stop EXIT

as_owner "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --no-locale >"$folder/log" 2>&1
# What a careful operator sets, and what spares it disturbances that a short run would otherwise see by chance:
# no checkpoint and no vacuum falls into a measurement, and the write-ahead log is written into recycled files.
cat >>"$folder/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$folder/socket'
max_connections = 64
shared_buffers = 1GB
fsync = on
synchronous_commit = on
full_page_writes = on
wal_compression = off
wal_buffers = 16MB
min_wal_size = 4GB
max_wal_size = 8GB
checkpoint_timeout = 1h
autovacuum = off
jit = off
track_activities = off
log_min_messages = error
CONF
as_owner "$bin/pg_ctl" -D "$folder/data" -l "$folder/data/server.log" -w start >>"$folder/log"

ask() {
    "$bin/psql" -h "$folder/socket" -U postgres -X -q -v ON_ERROR_STOP=1 "$@" postgres
}
ask -v cards="$cards" -v past="$past" -f "$here/schema.sql" >>"$folder/log" 2>&1
ask -f "$here/authorize.sql" >>"$folder/log" 2>&1

echo "ready $folder/socket"
cat >/dev/null || true
