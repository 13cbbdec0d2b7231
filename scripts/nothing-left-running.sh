#!/usr/bin/env bash
# Fails when a Postgres or a watcher that this checkout started, or a Kafka or Cassandra, still runs ten seconds after its last user.
set -euo pipefail
checkout=$(cd "$(dirname "$0")/.." && pwd)
running() {
  pgrep -af 'batchwright.*(postgres|watcher)|postgres.*batchwright' || true
  pgrep -af "^[^ ]*java -Dbatchwright[.]checkout=$checkout " || true
}
for _ in $(seq 10); do
  left=$(running | grep -v "$$" | grep -v nothing-left-running || true)
  [ -z "$left" ] && exit 0
  sleep 1
done
printf 'still running:\n%s\n' "$left" >&2
exit 1
