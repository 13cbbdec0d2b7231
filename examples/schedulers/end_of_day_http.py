"""Closes each business day on a server: one task asks for it, one waits, one looks how it ended."""

import json
from datetime import datetime, timedelta

from airflow.providers.http.operators.http import HttpOperator
from airflow.providers.http.sensors.http import HttpSensor
from airflow.sdk import DAG

OUTCOME = "api/v1/executions/{{ ti.xcom_pull(task_ids='launch') }}/outcome"

with DAG(
    "end_of_day_http",
    schedule="30 2 * * 2-6",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"http_conn_id": "batchwright", "retries": 4, "retry_delay": timedelta(minutes=1)},
) as dag:
    launch = HttpOperator(
        task_id="launch",
        method="POST",
        endpoint="api/v1/jobs/end-of-day/executions",
        headers={
            "Content-Type": "application/json",
            # One key, one attempt: a lost answer is asked for again, a new try is a new launch.
            "Idempotency-Key": "{{ run_id }}/{{ ti.try_number }}",
        },
        data=json.dumps(
            {
                "parameters": {"businessDate": "{{ macros.ds_add(ds, -1) }}"},
                # HttpOperator fails on any 4xx: what runs, or is complete, is the answer.
                "onExisting": "return",
                "trigger": {"type": "external", "name": "airflow:end_of_day_http"},
            }
        ),
        response_filter=lambda response: response.json()["jobExecutionId"],
    )
    wait = HttpSensor(
        task_id="wait",
        endpoint=OUTCOME,
        # 404 until it has ended; without a response_check it waits in the triggerer, and takes no worker.
        deferrable=True,
        poke_interval=10,
        timeout=6 * 3600,
    )
    outcome = HttpOperator(
        task_id="outcome",
        method="GET",
        endpoint=OUTCOME,
        response_check=lambda response: response.json()["status"] == "COMPLETED",
        log_response=True,
        retries=0,
    )
    launch >> wait >> outcome
