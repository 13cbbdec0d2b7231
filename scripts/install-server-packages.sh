#!/usr/bin/env bash
# Installs with apt what Kafka, Cassandra, the Kafka client, the fuzzer and the schedulers' recipes need and this machine lacks. For CI; expects a built checkout.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t missing < <(node dist/scripts/services/missing-packages.js)
[ "${#missing[@]}" -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  printf 'This machine lacks: %s. They are installed here only by root, with apt-get.\n' "${missing[*]}" >&2
  exit 1
fi
apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
