# What the public image does with its three variables.
set -e
PATH="$(echo /usr/lib/postgresql/*/bin):$PATH"
data=/var/lib/postgresql/data
mkdir -p "$data"
chown postgres "$data"
as_postgres() { setpriv --reuid postgres --regid postgres --clear-groups "$@"; }
if [ ! -s "$data/PG_VERSION" ]; then
    printf '%s' "$POSTGRES_PASSWORD" > /tmp/password
    chown postgres /tmp/password
    as_postgres initdb --pgdata "$data" --username "$POSTGRES_USER" --pwfile /tmp/password \
        --auth scram-sha-256 --encoding UTF8
    rm /tmp/password
    echo "host all all all scram-sha-256" >> "$data/pg_hba.conf"
    as_postgres pg_ctl --pgdata "$data" --wait --options "-c listen_addresses= -k /tmp" start
    PGPASSWORD="$POSTGRES_PASSWORD" createdb --host /tmp --username "$POSTGRES_USER" "$POSTGRES_DB" || true
    as_postgres pg_ctl --pgdata "$data" --wait stop
fi
exec setpriv --reuid postgres --regid postgres --clear-groups \
    postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/tmp
