#!/bin/sh
# A client program under its own name: in a container `localhost` is the container itself, but pods here share the
# machine's network and are at addresses of their own. So localhost in its arguments becomes the pod's address.
set -eu

name=${0##*/} folder=${0%/*} program=
IFS=:
for directory in $PATH; do
    [ "$directory" = "$folder" ] || [ ! -x "$directory/$name" ] || { program=$directory/$name && break; }
done
unset IFS
[ -n "$program" ] || { echo "$name: not installed on this machine" >&2; exit 127; }

is_local() { [ "$1" = localhost ] || [ "$1" = 127.0.0.1 ] || [ "$1" = ::1 ]; }

count=$#
# Unlike PostgreSQL's clients, which look for a socket, this one has no other default than localhost.
[ "$name" != redis-cli ] || set -- "$@" -h "$DEVCLUSTER_POD_IP"
while [ "$count" -gt 0 ]; do
    argument=$1
    shift
    count=$((count - 1))
    case $argument in
        -h | --host)
            set -- "$@" "$argument"
            [ "$count" -gt 0 ] || continue
            argument=$1
            shift
            count=$((count - 1))
            ! is_local "$argument" || argument=$DEVCLUSTER_POD_IP
            ;;
        -h?*) ! is_local "${argument#-h}" || argument=-h$DEVCLUSTER_POD_IP ;;
        --host=*) ! is_local "${argument#--host=}" || argument=--host=$DEVCLUSTER_POD_IP ;;
        *://localhost* | *://*@localhost*) argument=${argument%%localhost*}$DEVCLUSTER_POD_IP${argument#*localhost} ;;
        *://127.0.0.1* | *://*@127.0.0.1*) argument=${argument%%127.0.0.1*}$DEVCLUSTER_POD_IP${argument#*127.0.0.1} ;;
    esac
    set -- "$@" "$argument"
done
exec "$program" "$@"
