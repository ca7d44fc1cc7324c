#!/bin/sh
# Starts Grafana with the password of the engine's read-only user, which Plumbline made at its first start.
set -eu
file=/var/lib/plumbline/engine-credentials.json
PLUMBLINE_CLICKHOUSE_PASSWORD=$(sed -n 's/.*"readerPassword": *"\([^"]*\)".*/\1/p' "$file")
if [ -z "$PLUMBLINE_CLICKHOUSE_PASSWORD" ]; then
  echo "There is no readerPassword in $file." >&2
  exit 1
fi
export PLUMBLINE_CLICKHOUSE_PASSWORD
exec /run.sh
