/**
 * How long lists and figures take over a long history, by default of a million executions with five million steps. Goal: at most 200 ms
 * for 95 of 100 of each kind of list, over random filters, pages and page sizes.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from 'batchwright/repository/embedded'
import { postgresRepository } from 'batchwright/repository/postgres'
import type { ExecutionFilter, JobRepository } from 'batchwright/ports'
import { JOBS, makeHistory, YEARS } from './list-history.ts'

const GOAL_MILLISECONDS = 200
const ROUNDS = 100
const DAY = 24 * 60 * 60 * 1000

export async function benchListExecutions(executions: number): Promise<void> {
  console.log(`\nLists over ${executions.toLocaleString('en-US')} executions`)
  await using server = await startEmbeddedPostgres({
    directory: join(tmpdir(), 'batchwright-bench', 'postgres'),
  })
  const schema = `bench_lists_${executions}`
  const begun = performance.now()
  await makeHistory(server.connection, schema, executions)
  console.log(`  the history was made, or found, in ${((performance.now() - begun) / 1000).toFixed(0)} s`)
  const repository = await postgresRepository({ connection: server.connection, schema })
  try {
    for (const [name, ask] of Object.entries(questions(repository, randomFrom(42), executions)))
      await measure(name, ask)
  } finally {
    await repository.close()
  }
}

async function measure(name: string, ask: () => Promise<unknown>): Promise<void> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const begun = performance.now()
    await ask()
    times.push(performance.now() - begun)
  }
  const sorted = times.toSorted((one, other) => one - other)
  const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1).padStart(7)
  const verdict = Number(at(0.95)) <= GOAL_MILLISECONDS ? '' : `  more than ${GOAL_MILLISECONDS} ms`
  console.log(`  ${name.padEnd(44)} p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, longest ${at(1)} ms${verdict}`)
}

interface Random {
  readonly below: (limit: number) => number
  readonly oneOf: <T>(list: readonly T[]) => T
}

/** The same questions in each run. */
function randomFrom(seed: number): Random {
  let state = seed
  const below = (limit: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  return { below, oneOf: <T>(list: readonly T[]) => list[below(list.length)] as T }
}

type Part = () => Partial<ExecutionFilter>

function parts({ below, oneOf }: Random, executions: number): Readonly<Record<string, Part>> {
  const anyDay = () => new Date(Date.now() - below(YEARS * 365) * DAY)
  const anyJob = () => `job-${1 + below(JOBS)}`
  return {
    job: () => ({ jobName: anyJob() }),
    'a job that is over': () => ({ jobName: 'retired' }),
    'a job that never was': () => ({ jobName: 'nobody' }),
    instance: () => ({ jobInstanceId: String(1 + below(executions)) }),
    'status COMPLETED': () => ({ statuses: ['COMPLETED'] }),
    'status FAILED': () => ({ statuses: ['FAILED'] }),
    'status STOPPED': () => ({ statuses: ['STOPPED'] }),
    'status ABANDONED': () => ({ statuses: ['ABANDONED'] }),
    'status UNKNOWN': () => ({ statuses: ['UNKNOWN'] }),
    'live ones': () => ({ statuses: ['STARTING', 'STARTED', 'STOPPING'] }),
    attention: () => ({ attention: true }),
    'trigger type': () => ({
      trigger: { type: oneOf(['schedule', 'external', 'command', 'http', 'program'] as const) },
    }),
    'trigger type and name': () => ({ trigger: { type: 'external', name: `airflow:${anyJob()}` } }),
    'created in a day': () => {
      const createdFrom = anyDay()
      return { createdFrom, createdUntil: new Date(createdFrom.getTime() + DAY) }
    },
    'created since': () => ({ createdFrom: anyDay() }),
    'created until': () => ({ createdUntil: anyDay() }),
    'text: one value': () => ({ text: `/in/${anyJob()}/trades-${1 + below(executions)}` }),
    'text: the beginning of many values': () => ({
      text: oneOf(['/in/', '2', anyDay().toISOString().slice(0, 7)]),
    }),
    'text: the values of a job': () => ({ text: `/in/${anyJob()}/` }),
    'text: a pair': () => ({
      text: oneOf(['region=EU', `businessDate=${anyDay().toISOString().slice(0, 10)}`]),
    }),
    'text: common words': () => ({ text: oneOf(['write failed', 'chunk', 'anna']) }),
    'text: rare words': () => ({ text: oneOf([`customer ${1 + below(executions)}`, `chunk ${below(977)}`]) }),
    'text: nothing': () => ({ text: `nobody ${below(1000)}` }),
  }
}

function questions(
  repository: JobRepository,
  random: Random,
  executions: number,
): Readonly<Record<string, () => Promise<unknown>>> {
  const { below, oneOf } = random
  const page = () => ({
    limit: oneOf([20, 50, 100]),
    ...(below(2) === 0 ? {} : { before: String(1 + below(executions)) }),
  })
  const filters = parts(random, executions)
  const list = (filter: Partial<ExecutionFilter>) => repository.listJobExecutions({ ...page(), ...filter })
  const any = () => Object.assign({}, ...Object.values(filters).map((part) => (below(6) === 0 ? part() : {})))
  const jobName = () => filters['job']?.().jobName ?? ''
  return {
    'executions: all': () => list({}),
    ...Object.fromEntries(
      Object.entries(filters).map(([name, part]) => [`executions: ${name}`, () => list(part())]),
    ),
    'executions: attention of a job': () => list({ attention: true, jobName: jobName() }),
    'executions: attention and a text': () => list({ attention: true, ...filters['text: common words']?.() }),
    'executions: failed of a job': () => list({ statuses: ['FAILED', 'STOPPED'], jobName: jobName() }),
    'executions: any filters together': () => list(any()),
    'instances: all': () => repository.listInstanceOverviews(page()),
    'instances: of a job': () => repository.listInstanceOverviews({ ...page(), jobName: jobName() }),
    'statistics of a job, 30 days': () =>
      repository.jobStatistics({ jobName: jobName(), since: new Date(Date.now() - 30 * DAY) }),
    'facts of all jobs': () => repository.jobFacts(),
    'names of jobs': () => repository.listJobNames(),
  }
}
