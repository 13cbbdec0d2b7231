#!/bin/sh
# Launches end-of-day on a server, waits for its end, and ends with the exit code that `batchwright run` would have.
# Usage: launch.sh <business date> <key of this attempt>
set -eu
: "${BATCHWRIGHT_URL:=http://127.0.0.1:8080}"   # the server
: "${BATCHWRIGHT_HEADERS:=/srv/batch/headers}"  # a file with the line: Authorization: Bearer …

call() {
  # 5xx, 429 and a lost connection are tried again, after Retry-After where the server says it.
  curl --silent --show-error --header "@$BATCHWRIGHT_HEADERS" --retry 8 --retry-connrefused --max-time 90 "$@"
}
field() { # of JSON on one line: its first <name>
  sed -n "1s/^[^}]*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"
}

launched=$(call --fail-with-body --header 'Content-Type: application/json' --header "Idempotency-Key: $2" \
  --data "{\"parameters\":{\"businessDate\":\"$1\"},\"onExisting\":\"return\"}" \
  "$BATCHWRIGHT_URL/api/v1/jobs/end-of-day/executions") || { echo "$launched" >&2; exit 7; }
execution="$BATCHWRIGHT_URL/api/v1/executions/$(echo "$launched" | field jobExecutionId)"

until outcome=$(call --fail "$execution/outcome" 2> /dev/null); do
  call --output /dev/null "$execution?wait=30s"
done
echo "$outcome"
exit "$(echo "$outcome" | field processExitCode)"
