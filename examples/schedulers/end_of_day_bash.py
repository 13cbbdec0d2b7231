"""Closes each business day with the command; its exit code says what Airflow does next."""

import re
from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, RetryDecision, RetryPolicy


class RetryByExitCode(RetryPolicy):
    """Trying again after 2 or 6 changes nothing. 1, 3, 5 and 7 are tried again."""

    def evaluate(self, exception, try_number, max_tries, context=None):
        code = re.search(r"exit code (\d+)", str(exception))
        if code is not None and code[1] in ("2", "6"):
            return RetryDecision.fail(f"exit code {code[1]}")
        return RetryDecision.default()


with DAG(
    "end_of_day_bash",
    schedule="30 2 * * 2-6",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
) as dag:
    BashOperator(
        task_id="run",
        cwd="/srv/batch",
        bash_command="set -a; . ./environment; exec node_modules/.bin/batchwright run end-of-day "
        "businessDate={{ macros.ds_add(ds, -1) }} --trigger 'airflow:{{ dag.dag_id }}' --progress log --json",
        # 4: it was complete already.
        skip_on_exit_code=[4],
        retries=4,
        retry_delay=timedelta(minutes=1),
        retry_exponential_backoff=True,
        retry_policy=RetryByExitCode(),
    )
