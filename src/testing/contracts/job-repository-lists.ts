/** Filters of lists, and figures over many executions. */
import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { exitStatus } from '../../core/model/exit-status.ts'
import type { JobParameters } from '../../core/model/job-parameters.ts'
import type { ExecutionFilter } from '../../core/ports/job-repository.ts'
import type { Launched } from '../../core/ports/launch.ts'
import { finish, jobEnd, RECOVER, type RepositoryTrial, stepEnd } from './repository-trial.ts'

type Check = (trial: RepositoryTrial) => Promise<void>

export const LIST_PROMISES: Readonly<Record<string, Check>> = {
  'executions are listed by what has triggered them': listsTriggered,
  'those that wait for somebody are the latest of their instances, and have failed, stopped or are stale':
    listsTroubled,
  'executions are listed by the time at which they were created': listsCreated,
  'a text finds values that begin with it, pairs, and words of the exit description': findsText,
  'filters are joined, and pages go on behind the last id': joinsFilters,
  'what no repository can hold finds nothing': findsNothing,
  'a list shows executions as they are looked up, but for their contexts and steps': listsSummaries,
  'instances are listed with their latest execution': showsInstances,
  'statistics count executions and items of a job in a window, by day and in all': sumsUp,
  'hours say what began and ended in them, of all jobs': countsHours,
  'a typical run is made of the last executions that completed in one go': findsTypical,
  'facts name the last success and status of each job, what is live, and what waits for somebody':
    statesFacts,
}

async function ids({ repository, jobName }: RepositoryTrial, filter: Partial<ExecutionFilter>) {
  const listed = await repository.listJobExecutions({ jobName, limit: 50, ...filter })
  return listed.map(({ id }) => id)
}

function idsOf(...launched: readonly Launched[]): readonly string[] {
  return launched.map(({ execution }) => execution.id)
}

async function listsTriggered(trial: RepositoryTrial): Promise<void> {
  const nightly = { trigger: { type: 'schedule', name: 'nightly' }, runner: 'scheduler' } as const
  const hourly = { trigger: { type: 'schedule', name: 'hourly' }, runner: 'command' } as const
  const command = { trigger: { type: 'command', name: null }, runner: 'command' } as const
  const one = await trial.launch('a', undefined, { facts: nightly })
  const two = await trial.launch('b', undefined, { facts: hourly })
  const three = await trial.launch('c', undefined, { facts: command })
  assert.deepEqual(await ids(trial, { trigger: { type: 'schedule' } }), idsOf(two, one))
  assert.deepEqual(await ids(trial, { trigger: { type: 'schedule', name: 'nightly' } }), idsOf(one))
  assert.deepEqual(await ids(trial, { trigger: { type: 'external', name: 'nightly' } }), [])
  assert.deepEqual(await ids(trial, { trigger: { type: 'command' } }), idsOf(three))
}

async function listsTroubled(trial: RepositoryTrial): Promise<void> {
  const { started, launch, repository } = trial
  const failed = await started('failed')
  await repository.endJobExecution(failed.claim, jobEnd('FAILED'))
  const stopped = await started('stopped')
  await repository.endJobExecution(stopped.claim, jobEnd('STOPPED'))
  const mended = await started('mended')
  await repository.endJobExecution(mended.claim, jobEnd('FAILED'))
  const mending = await started('mended', { action: 'restart' })
  await repository.endJobExecution(mending.claim, jobEnd('COMPLETED'))
  await started('running')
  const stale = await launch('stale', undefined, { leaseMilliseconds: 1 })
  await wait(20)
  assert.deepEqual(await ids(trial, { attention: true }), idsOf(stale, stopped, failed))
  assert.deepEqual(await ids(trial, { attention: true, limit: 2 }), idsOf(stale, stopped))
  assert.deepEqual(await ids(trial, { attention: true, statuses: ['FAILED'] }), idsOf(failed))
  assert.deepEqual(await ids(trial, { attention: true, before: stopped.execution.id }), idsOf(failed))
  const again = await launch('stale', RECOVER)
  await repository.retire({
    jobExecutionId: failed.execution.id,
    by: 'a test',
    decide: () => ({ action: 'abandon' }),
  })
  assert.deepEqual(await ids(trial, { attention: true }), idsOf(stopped))
  assert.equal(again.recovered, stale.execution.id)
}

async function listsCreated(trial: RepositoryTrial): Promise<void> {
  const one = await trial.launch('a')
  await wait(5)
  const two = await trial.launch('b')
  const at = two.execution.createTime
  const before = one.execution.createTime
  assert.deepEqual(await ids(trial, { createdFrom: at }), idsOf(two))
  assert.deepEqual(await ids(trial, { createdUntil: at }), idsOf(one))
  assert.deepEqual(await ids(trial, { createdFrom: before }), idsOf(two, one))
  assert.deepEqual(await ids(trial, { createdFrom: before, createdUntil: before }), [])
}

function withParameters(values: Readonly<Record<string, string>>): { readonly parameters: JobParameters } {
  const parameters = Object.entries(values).map(([name, text]) => ({
    name,
    type: 'java.lang.String' as const,
    text,
    identifying: true,
  }))
  return { parameters }
}

async function findsText(trial: RepositoryTrial): Promise<void> {
  const { launch, repository } = trial
  const long = 'x'.repeat(150)
  const one = await launch('a', undefined, withParameters({ file: '/in/trades_1.csv', region: 'EU' }))
  const two = await launch('b', undefined, withParameters({ file: '/in/trades%2.csv', region: 'US' }))
  const three = await launch('c', undefined, withParameters({ file: `${long}1`, region: 'EUROPE' }))
  const description = 'BatchError [WRITE_FAILED]: chunk 7 of step "load" for /in/trades_1.csv'
  await repository.endJobExecution(one.claim, {
    ...jobEnd('FAILED'),
    exitStatus: exitStatus('FAILED', description),
  })
  const found: Readonly<Record<string, readonly Launched[]>> = {
    '/in/trades': [two, one],
    '/in/trades_': [one],
    '/in/trades%2': [two],
    trades_1: [one],
    EU: [three, one],
    'region=EU': [one],
    'region=': [],
    'area=EU': [],
    [long]: [three],
    [`${long}1`]: [three],
    [`${long}2`]: [],
    [`file=${long}1`]: [three],
    'write failed': [one],
    'LOAD, chunk': [one],
    'chunk 8': [],
    writ: [],
    '!': [],
    '': [],
  }
  for (const [text, launched] of Object.entries(found))
    assert.deepEqual(await ids(trial, { text }), idsOf(...launched), `text ${JSON.stringify(text)}`)
}

async function joinsFilters(trial: RepositoryTrial): Promise<void> {
  const facts = { trigger: { type: 'http', name: 'eod' }, runner: 'server' } as const
  const all: Launched[] = []
  for (let number = 0; number < 9; number += 1) {
    const launched = await trial.launch(`${number}`, undefined, {
      ...withParameters({ n: `match-${number % 2}` }),
      ...(number % 3 === 0 ? { facts } : {}),
    })
    await trial.repository.endJobExecution(launched.claim, jobEnd(number < 6 ? 'FAILED' : 'STOPPED'))
    all.unshift(launched)
  }
  const filter: Partial<ExecutionFilter> = {
    attention: true,
    text: 'match-0',
    statuses: ['FAILED'],
    trigger: { type: 'http', name: 'eod' },
    createdFrom: all.at(-1)?.execution.createTime ?? new Date(),
  }
  assert.deepEqual(await ids(trial, filter), [all.at(-1)?.execution.id])
  const pages: string[] = []
  for (let before: string | undefined; ; before = pages.at(-1)) {
    const page = await ids(trial, { text: 'match', limit: 2, ...(before === undefined ? {} : { before }) })
    pages.push(...page)
    if (page.length === 0) break
  }
  assert.deepEqual(pages, idsOf(...all))
}

async function findsNothing(trial: RepositoryTrial): Promise<void> {
  await trial.launch('a')
  assert.deepEqual(await ids(trial, { text: 'nul\u0000' }), [])
  assert.deepEqual(await ids(trial, { jobName: 'nul\u0000' }), [])
  assert.deepEqual(await ids(trial, { trigger: { type: 'http', name: 'nul\u0000' } }), [])
  assert.deepEqual(await ids(trial, { before: 'x' }), [])
  assert.deepEqual(await ids(trial, { jobInstanceId: '99999999999999999999' }), [])
}

async function listsSummaries(trial: RepositoryTrial): Promise<void> {
  const { claim } = await trial.started('a')
  await trial.repository.endJobExecution(claim, jobEnd('COMPLETED', { rows: 1 }))
  const { executionContext, stepExecutions, ...summary } = await trial.find(claim)
  const listed = await trial.repository.listJobExecutions({ jobName: trial.jobName, limit: 1 })
  assert.deepEqual(listed, [summary])
  assert.ok(executionContext.kind === 'readable' && stepExecutions.length === 0)
}

async function showsInstances(trial: RepositoryTrial): Promise<void> {
  const { started, repository, jobName } = trial
  const first = await started('a')
  await repository.endJobExecution(first.claim, jobEnd('FAILED'))
  const second = await started('a', { action: 'restart' })
  const other = await started('b')
  const { jobInstance } = first.execution
  const overviews = await repository.listInstanceOverviews({ jobName, limit: 9 })
  assert.deepEqual(
    overviews.map((one) => [one.jobInstance, one.executions, one.latest?.id]),
    [
      [other.execution.jobInstance, 1, other.execution.id],
      [jobInstance, 2, second.execution.id],
    ],
  )
  const [shown] = await repository.listJobExecutions({ jobInstanceId: jobInstance.id, limit: 1 })
  assert.deepEqual(overviews[1]?.latest, shown)
  const before = other.execution.jobInstance.id
  const page = await repository.listInstanceOverviews({ jobName, limit: 1, before })
  assert.deepEqual(page, overviews.slice(1))
  assert.deepEqual(await repository.listInstanceOverviews({ limit: 9, before: 'x' }), [])
}

async function sumsUp(trial: RepositoryTrial): Promise<void> {
  const { started, begin, repository, jobName } = trial
  const since = new Date(Date.now() - 60_000)
  for (const [key, status] of [
    ['a', 'COMPLETED'],
    ['b', 'COMPLETED'],
    ['c', 'FAILED'],
  ] as const) {
    const { claim } = await started(key)
    const counts = { readCount: 10, writeCount: 8, filterCount: 1, processSkipCount: 1, commitCount: 1 }
    await finish(await begin(claim, 'load'), stepEnd(status, counts))
    await repository.endJobExecution(claim, jobEnd(status))
  }
  const running = await started('d')
  const found = await repository.jobStatistics({ jobName, since })
  const executions = {
    COMPLETED: 2,
    STARTING: 0,
    STARTED: 1,
    STOPPING: 0,
    STOPPED: 0,
    FAILED: 1,
    ABANDONED: 0,
    UNKNOWN: 0,
  }
  const items = {
    readCount: 30,
    writeCount: 24,
    filterCount: 3,
    processSkipCount: 3,
    writeSkipCount: 0,
    readSkipCount: 0,
  }
  assert.deepEqual(found.executions, executions)
  assert.deepEqual(found.items, items)
  assert.equal(found.successRate, 2 / 3)
  const { duration } = found
  assert.ok(duration !== null && duration.p50Milliseconds <= duration.p95Milliseconds)
  assert.ok(Math.abs(duration.p50Milliseconds - duration.meanMilliseconds) < 0.01, 'of two the same')
  const day = running.execution.createTime.toISOString().slice(0, 10)
  if (found.days.length === 1)
    assert.deepEqual(found.days, [
      { day, executions, items, meanMilliseconds: found.days[0]?.meanMilliseconds },
    ])
  const none = await repository.jobStatistics({ jobName, since: new Date(0), until: since })
  assert.deepEqual([none.successRate, none.duration, none.days, none.items.readCount], [null, null, [], 0])
}

async function statesFacts(trial: RepositoryTrial): Promise<void> {
  const { started, launch, repository, jobName, find } = trial
  const factsOf = async () => (await repository.jobFacts()).jobs.find((one) => one.jobName === jobName)
  assert.equal(await factsOf(), undefined)
  const done = await started('done')
  await repository.endJobExecution(done.claim, jobEnd('COMPLETED'))
  const failed = await started('failed')
  await repository.endJobExecution(failed.claim, jobEnd('FAILED'))
  const { endTime: lastSuccess } = await find(done.claim)
  assert.deepEqual(await factsOf(), { jobName, lastSuccess, lastStatus: 'FAILED', live: 0, attention: 1 })
  const { staleExecutions } = await repository.jobFacts()
  await started('running')
  await launch('stale', undefined, { leaseMilliseconds: 1 })
  await wait(20)
  assert.deepEqual(await factsOf(), { jobName, lastSuccess, lastStatus: 'STARTING', live: 2, attention: 2 })
  assert.ok((await repository.jobFacts()).staleExecutions > staleExecutions)
}

async function countsHours({ started, find, repository }: RepositoryTrial): Promise<void> {
  const sums = async (until?: Date) => {
    const hours = await repository.hourlyFigures({ since, ...(until !== undefined && { until }) })
    for (const { hour } of hours) assert.equal(hour.getTime() % 3_600_000, 0)
    const sum = (of: 'started' | 'completed' | 'failed' | 'stopped') =>
      hours.reduce((all, one) => all + one[of], 0)
    return [sum('started'), sum('completed'), sum('failed'), sum('stopped')]
  }
  const first = await started('before')
  await repository.endJobExecution(first.claim, jobEnd('COMPLETED'))
  const { endTime } = await find(first.claim)
  const since = new Date((endTime?.getTime() ?? 0) + 1)
  await wait(5)
  for (const [key, status] of [
    ['a', 'COMPLETED'],
    ['b', 'COMPLETED'],
    ['c', 'FAILED'],
    ['d', 'STOPPED'],
  ] as const)
    await repository.endJobExecution((await started(key)).claim, jobEnd(status))
  await started('e')
  assert.deepEqual(await sums(), [5, 2, 1, 1])
  assert.deepEqual(await sums(since), [0, 0, 0, 0])
}

async function findsTypical(trial: RepositoryTrial): Promise<void> {
  const { started, begin, repository, jobName } = trial
  const none = await repository.typicalRun(jobName, 20)
  assert.deepEqual(none, { executions: 0, medianMilliseconds: null, steps: [] })
  const runOne = async (key: string, status: 'COMPLETED' | 'FAILED', readCount: number, restart = false) => {
    const { claim } = await started(key, restart ? { action: 'restart' } : undefined)
    const counts = { readCount, writeCount: readCount / 2, filterCount: readCount / 2, commitCount: 1 }
    await finish(await begin(claim, 'load'), stepEnd(status, counts))
    if (status === 'COMPLETED') await finish(await begin(claim, 'close'), stepEnd(status))
    await repository.endJobExecution(claim, jobEnd(status))
  }
  await runOne('a', 'COMPLETED', 1000)
  await runOne('b', 'COMPLETED', 10)
  await runOne('c', 'COMPLETED', 20)
  await runOne('d', 'COMPLETED', 60)
  await runOne('e', 'FAILED', 4000)
  await runOne('e', 'COMPLETED', 2, true)
  const found = await repository.typicalRun(jobName, 3)
  assert.equal(found.executions, 3)
  assert.ok(found.medianMilliseconds !== null && found.medianMilliseconds >= 0)
  const shown = found.steps.map(({ stepName, executions, medianReadCount, medianWriteCount }) => {
    return [stepName, executions, medianReadCount, medianWriteCount]
  })
  assert.deepEqual(shown, [
    ['load', 3, 20, 10],
    ['close', 3, 0, 0],
  ])
  assert.deepEqual((await repository.typicalRun(jobName, 4)).steps[0]?.medianReadCount, 40)
}
