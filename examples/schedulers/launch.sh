#!/bin/sh
# Launches end-of-day on a server, waits for its end, and ends with the exit code that `batchwright run` would have.
# Usage: launch.sh <business date> <key of this attempt>
set -eu
: "${BATCHWRIGHT_URL:=http://127.0.0.1:8080}"  # the server
: "${BATCHWRIGHT_HEADERS:=/srv/batch/headers}" # a file with the line: Authorization: Bearer …

call() {
  # 5xx, 429 and a lost connection are tried again, after Retry-After where the server says it.
  curl --silent --show-error --header "@$BATCHWRIGHT_HEADERS" --retry 8 --retry-connrefused --max-time 90 "$@"
}
field() { # of JSON on one line
  sed "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/"
}

launched=$(call --header 'Content-Type: application/json' --header "Idempotency-Key: $2" --write-out '\n%{http_code}' \
  --data '{"parameters":{"businessDate":"'"$1"'"},"onExisting":"return","trigger":{"type":"external","name":"launch.sh"}}' \
  "$BATCHWRIGHT_URL/api/v1/jobs/end-of-day/executions") || exit 7
answer=${launched%????} # without the line that says 202
case $launched in
  *200 | *202) ;;
  *409) printf '%s\n' "$answer" >&2 && exit 6 ;;
  *429 | *5??) printf '%s\n' "$answer" >&2 && exit 7 ;;
  *) printf '%s\n' "$answer" >&2 && exit 2 ;;
esac

execution="$BATCHWRIGHT_URL/api/v1/executions/$(printf '%s' "$answer" | field jobExecutionId)"
until outcome=$(call --fail "$execution/outcome" 2> /dev/null); do
  call --output /dev/null "$execution?wait=30s" || exit 7
done
printf '%s\n' "$outcome"
exit "$(printf '%s' "$outcome" | field processExitCode)"
