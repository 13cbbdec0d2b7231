#!/bin/sh
# Closes yesterday's business day. Whatever it prints, cron mails.
cd /srv/batch || exit
set -a && . ./environment && set +a || exit
node_modules/.bin/batchwright run end-of-day businessDate="$(date -u -d yesterday +%F)" \
  --on-existing return --trigger crontab --progress none --json >> log/end-of-day.ndjson
code=$?
case $code in
  0 | 5) ;; # 5: an earlier one is still at work
  *) echo "end-of-day ended with $code, see log/end-of-day.ndjson" ;;
esac
exit $code
