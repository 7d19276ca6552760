#!/bin/sh
# Takes the address of the database, which holds a password, from a file, then becomes the command.
set -eu
if [ -n "${REGISTRY_MONGO_URI_FILE:-}" ]; then
  REGISTRY_MONGO_URI="$(cat "$REGISTRY_MONGO_URI_FILE")"
  export REGISTRY_MONGO_URI
fi
exec "$@"
