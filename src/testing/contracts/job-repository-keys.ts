/** What made an execution begin, and launches that are asked for again. */
import assert from 'node:assert/strict'
import { BatchError } from '../../core/model/batch-error.ts'
import { runIdParameter } from '../../core/model/framework-parameters.ts'
import { jobKey } from '../../core/model/job-key.ts'
import type { KeyedLaunch, LaunchKey, LaunchRequest, LaunchVerdict } from '../../core/ports/launch.ts'
import {
  assertRefused,
  DEFINITION,
  FACTS,
  jobEnd,
  OWNER,
  PARAMETERS,
  type RepositoryTrial,
} from './repository-trial.ts'

type Check = (trial: RepositoryTrial) => Promise<void>

export const KEY_PROMISES: Readonly<Record<string, Check>> = {
  'what made an execution begin is shown with it, wherever it is shown': showsFacts,
  'of many launches with one key one starts, and the others are answered with it': replays,
  'of many next instances with one key one starts, and the others are answered with it': replaysNext,
  'a key replays its execution as it is, also a failed one, and says what that continued': replaysFailed,
  'the same key with another request is refused, whatever else it asks for': refusesReuse,
  'each caller has keys of its own': keepsCallersApart,
  'two requests that share nothing but key and hash are one launch': sharesKeyOnly,
  'a refused launch uses no key up': keepsKey,
}

async function showsFacts({ launch, find, repository, jobName }: RepositoryTrial): Promise<void> {
  const { execution, claim } = await launch('facts')
  assert.deepEqual(execution.launch, FACTS)
  assert.deepEqual((await find(claim)).launch, FACTS)
  const [listed] = await repository.listJobExecutions({ jobName, limit: 1 })
  assert.deepEqual(listed?.launch, FACTS)
  await repository.endJobExecution(claim, jobEnd('FAILED'))
  const facts = { trigger: { type: 'command', name: null }, runner: 'command' } as const
  let seen: unknown
  const decide = (latest?: { readonly execution: { readonly launch: unknown } }): LaunchVerdict => {
    seen = latest?.execution.launch
    return { action: 'restart' }
  }
  const again = await launch('facts', undefined, { facts, decide })
  assert.deepEqual(seen, FACTS)
  assert.deepEqual(again.execution.launch, facts)
}

/** As an operator decides: what runs is refused, what has failed is restarted. */
function request({ jobName }: RepositoryTrial, key: string): LaunchRequest {
  return {
    jobName,
    jobKey: key.padEnd(32, '0'),
    parameters: PARAMETERS,
    owner: OWNER,
    leaseMilliseconds: 30_000,
    by: 'a test',
    definition: DEFINITION,
    facts: FACTS,
    decide: (latest) => {
      if (latest === undefined) return { action: 'start' }
      if (latest.execution.status === 'FAILED') return { action: 'restart' }
      return { action: 'refuse', error: new BatchError('JOB_EXECUTION_ALREADY_RUNNING', 'as the case says') }
    },
  }
}

function keyOf({ jobName }: RepositoryTrial, key = 'one', requestHash = 'hash'): LaunchKey {
  return { caller: jobName, key, requestHash }
}

function times<T>(action: () => Promise<T>): Promise<readonly T[]> {
  return Promise.all(Array.from({ length: 12 }, action))
}

function idOf(answer: KeyedLaunch): string {
  return answer.outcome === 'launched' ? answer.launched.execution.id : answer.execution.id
}

async function onlyOne(trial: RepositoryTrial, launching: () => Promise<KeyedLaunch>): Promise<void> {
  const answers = await times(launching)
  assert.equal(answers.filter(({ outcome }) => outcome === 'launched').length, 1)
  assert.equal(new Set(answers.map(idOf)).size, 1)
  const listed = await trial.repository.listJobExecutions({ jobName: trial.jobName, limit: 50 })
  assert.deepEqual(
    listed.map(({ id }) => id),
    answers.slice(0, 1).map(idOf),
  )
}

function replays(trial: RepositoryTrial): Promise<void> {
  return onlyOne(trial, () => trial.repository.launchOnce(request(trial, 'a'), keyOf(trial)))
}

function replaysNext(trial: RepositoryTrial): Promise<void> {
  const { decide: _, jobKey: __, parameters: ___, ...terms } = request(trial, 'a')
  const launching = () =>
    trial.repository.launchOnce(
      {
        ...terms,
        next: async ({ runId }) => {
          const parameters = [runIdParameter(runId + 1n)]
          return { jobKey: jobKey(parameters), parameters }
        },
      },
      keyOf(trial),
    )
  return onlyOne(trial, launching)
}

async function replaysFailed(trial: RepositoryTrial): Promise<void> {
  const { repository } = trial
  const first = await repository.launchOnce(request(trial, 'a'), keyOf(trial))
  assert.equal(first.outcome, 'launched')
  await end(trial, first)
  const again = await repository.launchOnce(request(trial, 'a'), keyOf(trial))
  assert.equal(again.outcome, 'replayed')
  assert.equal(again.execution.status, 'FAILED')
  assert.equal(again.restartOf, null)
  const second = await repository.launchOnce(request(trial, 'a'), keyOf(trial, 'two'))
  assert.equal(second.outcome, 'launched')
  assert.equal(second.launched.restartOf, idOf(first))
  await end(trial, second)
  const third = await repository.launchOnce(request(trial, 'a'), keyOf(trial, 'three'))
  const replayed = await repository.launchOnce(request(trial, 'a'), keyOf(trial, 'two'))
  assert.equal(replayed.outcome, 'replayed')
  assert.equal(replayed.restartOf, idOf(first))
  assert.notEqual(idOf(replayed), idOf(third))
  assert.deepEqual(
    { ...replayed.execution, stepExecutions: [] },
    await trial.find({ jobExecutionId: idOf(second), generation: '' }),
  )
}

async function end({ repository }: RepositoryTrial, answer: KeyedLaunch): Promise<void> {
  assert.equal(answer.outcome, 'launched')
  if (answer.outcome === 'launched') await repository.endJobExecution(answer.launched.claim, jobEnd('FAILED'))
}

async function refusesReuse(trial: RepositoryTrial): Promise<void> {
  const { repository, jobName } = trial
  const first = await repository.launchOnce(request(trial, 'a'), keyOf(trial))
  for (const other of ['a', 'b']) {
    const reused = repository.launchOnce(request(trial, other), keyOf(trial, 'one', 'another'))
    await assertRefused(reused, 'IDEMPOTENCY_KEY_REUSED')
  }
  const instances = await repository.listJobInstances({ jobName, limit: 9 })
  assert.equal(instances.length, 1, 'a refusal leaves no instance')
  const answers = await Promise.allSettled(
    ['c', 'd', 'e', 'f'].map((other) =>
      repository.launchOnce(request(trial, other), keyOf(trial, 'two', other)),
    ),
  )
  const launched = answers.filter(({ status }) => status === 'fulfilled')
  assert.equal(launched.length, 1, 'also of those that come at once')
  for (const answer of answers)
    if (answer.status === 'rejected')
      await assertRefused(Promise.reject(answer.reason), 'IDEMPOTENCY_KEY_REUSED')
  assert.equal((await repository.listJobExecutions({ jobName, limit: 9 })).length, 2)
  assert.equal((await repository.findJobExecution(idOf(first)))?.status, 'STARTING')
}

async function keepsCallersApart(trial: RepositoryTrial): Promise<void> {
  const { repository, jobName } = trial
  const key = keyOf(trial)
  const one = await repository.launchOnce(request(trial, 'a'), key)
  const other = { ...key, caller: `${jobName} other`, requestHash: 'another' }
  const two = await repository.launchOnce(request(trial, 'b'), other)
  assert.deepEqual([one.outcome, two.outcome], ['launched', 'launched'])
}

async function sharesKeyOnly(trial: RepositoryTrial): Promise<void> {
  const answers = await Promise.all(
    ['a', 'b', 'c', 'd', 'e', 'f'].map((other) =>
      trial.repository.launchOnce(request(trial, other), keyOf(trial)),
    ),
  )
  assert.equal(answers.filter(({ outcome }) => outcome === 'launched').length, 1)
  assert.equal(new Set(answers.map(idOf)).size, 1)
}

async function keepsKey(trial: RepositoryTrial): Promise<void> {
  const { repository } = trial
  const running = await repository.launch(request(trial, 'a'))
  const key = keyOf(trial)
  await assertRefused(repository.launchOnce(request(trial, 'a'), key), 'JOB_EXECUTION_ALREADY_RUNNING')
  await repository.endJobExecution(running.claim, jobEnd('FAILED'))
  const launched = await repository.launchOnce(request(trial, 'a'), key)
  assert.equal(launched.outcome, 'launched')
}
