#!/usr/bin/env bash
# What the image `postgres` begins with: makes a database cluster where there is none, as the variables POSTGRES_* of the
# official image ask for it, and becomes the server, listening on the pod's own address.
set -Eeuo pipefail

# Sets a variable from the file that NAME_FILE names, or to its default.
from_file() { # NAME DEFAULT
    local name=$1 file="${1}_FILE"
    if [ -n "${!name:-}" ] && [ -n "${!file:-}" ]; then
        echo "postgres: $name and $file are both set; set one of them" >&2
        exit 1
    fi
    if [ -n "${!file:-}" ]; then
        local value
        value=$(<"${!file}")
        export "$name=$value"
    else
        export "$name=${!name:-$2}"
    fi
    unset "$file"
}

# Answers a statement read from standard input, through the socket.
query() { psql --no-psqlrc -v ON_ERROR_STOP=1 --no-password --username "$POSTGRES_USER" "$@"; }

run_scripts() {
    local script
    for script in /docker-entrypoint-initdb.d/*; do
        [ -e "$script" ] || continue
        echo "postgres: running $script"
        case $script in
            *.sh) if [ -x "$script" ]; then "$script"; else . "$script"; fi ;;
            *.sql) query --dbname "$POSTGRES_DB" -f "$script" ;;
            *.sql.gz) gunzip -c "$script" | query --dbname "$POSTGRES_DB" ;;
            *.sql.xz) xz -dc "$script" | query --dbname "$POSTGRES_DB" ;;
            *.sql.zst) zstd -dc "$script" | query --dbname "$POSTGRES_DB" ;;
            *) echo "postgres: $script is neither .sh nor .sql and is left alone" ;;
        esac
    done
}

initialise() {
    from_file POSTGRES_PASSWORD ''
    from_file POSTGRES_USER postgres
    from_file POSTGRES_DB "$POSTGRES_USER"
    from_file POSTGRES_INITDB_ARGS ''
    local method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
    if [ -z "$POSTGRES_PASSWORD" ] && [ "$method" != trust ]; then
        echo "postgres: POSTGRES_PASSWORD is not set; give the superuser one, or set POSTGRES_HOST_AUTH_METHOD=trust" >&2
        exit 1
    fi
    local arguments=() password=()
    eval "arguments=($POSTGRES_INITDB_ARGS)"
    [ -z "${POSTGRES_INITDB_WALDIR:-}" ] || arguments+=(--waldir "$POSTGRES_INITDB_WALDIR")
    # Every client has an address of the loopback network here, which initdb would trust.
    if [ -n "$POSTGRES_PASSWORD" ]; then
        initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") --auth-local=trust \
            --auth-host="$method" "${arguments[@]}"
    else
        initdb --username="$POSTGRES_USER" --auth-local=trust --auth-host="$method" "${arguments[@]}"
    fi
    printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"

    # Nobody else is to see it before it is what was asked for: no address, and a socket where no probe looks.
    local socket=/var/run/postgresql/initialising
    mkdir -p "$socket"
    export PGHOST=$socket
    pg_ctl --pgdata "$PGDATA" --wait --silent -o "-c listen_addresses='' -c unix_socket_directories='$socket'" start
    if [ "$POSTGRES_DB" != postgres ]; then
        query --dbname postgres -v name="$POSTGRES_DB" <<<'CREATE DATABASE :"name";' >/dev/null
    fi
    run_scripts
    pg_ctl --pgdata "$PGDATA" --wait --silent --mode fast stop
    unset PGHOST
    echo "postgres: initialised $PGDATA"
}

[ $# -gt 0 ] && [ "${1#-}" = "$1" ] || set -- postgres "$@"
if [ "$1" = postgres ]; then
    if [ "$(id -u)" = 0 ]; then
        echo "postgres: the server does not run as root; leave securityContext.runAsUser out, or set it to 999" >&2
        exit 1
    fi
    export PGDATA=${PGDATA:-/var/lib/postgresql/data}
    mkdir -p "$PGDATA"
    chmod 700 "$PGDATA" 2>/dev/null || true # somebody else's folder: the server says what is wrong with it
    [ -s "$PGDATA/PG_VERSION" ] || initialise
    set -- "$@" -c "listen_addresses=$DEVCLUSTER_POD_IP"
fi
exec "$@"
