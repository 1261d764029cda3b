#!/bin/sh
# What the image `redis` begins with: the server with the container's arguments, listening on the pod's own address.
set -eu

case ${1:-} in
    '' | -* | *.conf) set -- redis-server "$@" ;;
esac
if [ "$1" = redis-server ]; then
    # Last, so that it holds against a configuration that would take the whole machine's addresses.
    set -- "$@" --bind "$DEVCLUSTER_POD_IP"
fi
exec "$@"
