#!/usr/bin/env bash
# Fails when a Postgres or a watcher that this checkout started still runs ten seconds after its last user.
set -euo pipefail
for _ in $(seq 10); do
  left=$(pgrep -af 'batchwright.*(postgres|watcher)|postgres.*batchwright' | grep -v "$$" | grep -v nothing-left-running || true)
  [ -z "$left" ] && exit 0
  sleep 1
done
printf 'still running:\n%s\n' "$left" >&2
exit 1
