/** What `--json` prints of executions: the same as the HTTP API. */
export { executionDetailsJson, executionJson, stepExecutionJson } from '../json/execution-json.ts'
export { jsonLine } from '../json/json-line.ts'
