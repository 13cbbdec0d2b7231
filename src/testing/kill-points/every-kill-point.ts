/** Kills a job at every point at which it can be killed, restarts it, and compares with a run that nobody disturbed. */
import { AssertionError } from 'node:assert'
import type { z } from 'zod'
import type { JobDefinition, Steps } from '../../core/definition/define-job.ts'
import { thrownText } from '../../core/model/error-description.ts'
import { settle } from '../../core/engine/first-error.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { fakeClock } from '../fake-clock.ts'
import { describeCounts } from './describe-counts.ts'
import { describeDifference } from './describe-difference.ts'
import type { KillPhase, KillPoint } from './kill-switch.ts'
import type { ThrowAwaySchema } from '../throw-away-schema.ts'
import { memoryWorld, postgresWorld } from './kill-world.ts'
import { type Death, type Play, type PlayedThrough, playThrough } from './play-through.ts'
import { randomNumbers } from './random-numbers.ts'

export interface EveryKillPointOptions<P> {
  readonly parameters: P
  /** What the job has made, in a form that can be compared: rows, a file's text. Asked after each completion. */
  readonly output: () => unknown
  /** Takes away what the job has made, so that it can begin anew. Called before each run, the first included. */
  readonly reset: () => unknown
  /** A job repository in Postgres. @default one in memory, which is some hundred times as fast */
  readonly schema?: ThrowAwaySchema
  /** Kills at these only. @default all */
  readonly phases?: readonly KillPhase[]
  /** Kills at so many of the points only, chosen at random. @default all */
  readonly sample?: number
  /** 2: the restart is killed too, at a point chosen at random. @default 1 */
  readonly kills?: 1 | 2
  /** Of what is chosen at random; a failure names it. @default 1 */
  readonly seed?: number
  /** How often a run that fails by itself is restarted before that counts as its outcome. @default 0 */
  readonly restarts?: number
  /** What back-offs wait for. @default one that moves by itself, so that nothing waits */
  readonly clock?: Clock
}

export interface KillReport {
  /** In the order in which the uninterrupted run passes them. */
  readonly points: readonly string[]
  readonly kills: number
}

/**
 * First runs the job to its end, and notes each point that it passes. Then, for each point, in a world of its own: runs the job,
 * kills it there, restarts it until it completes. From its death on a process changes nothing more: its open transaction is
 * gone, what it has written to files stays as it is. Output, and each step's counts of items over all executions, must be those
 * of the first run.
 *
 * The processes are played in this one, so that hundreds die in a second: what a callback of the job has begun and not
 * awaited cannot be killed.
 * @throws AssertionError naming the points after which they are not
 */
export async function everyKillPoint<P extends z.ZodObject, S extends Steps>(
  job: JobDefinition<P, S>,
  options: EveryKillPointOptions<z.input<P>>,
): Promise<KillReport> {
  const clock = options.clock ?? fakeClock({ autoAdvance: true })
  const world = options.schema === undefined ? memoryWorld(clock) : postgresWorld(options.schema)
  const play: Play = {
    world: {
      ...world,
      renew: async () => {
        await world.renew()
        await options.reset()
      },
    },
    job: job as unknown as JobDefinition,
    parameters: options.parameters as Readonly<Record<string, unknown>>,
    clock,
    output: options.output,
    restarts: options.restarts ?? 0,
  }
  const undisturbed = await playUndisturbed(play)
  const random = randomNumbers(options.seed ?? 1)
  const points = undisturbed.passed
  const chosen = choose(points, options, random)
  const failures: string[] = []
  for (const point of chosen) {
    const second = options.kills === 2 ? [diesSomewhere(points.length, random)] : []
    // Where things run side by side a point may have another name, or another place, the next time.
    const failure = (await tryKill(play, undisturbed, [diesAt(point), ...second])) ??
      (await tryKill(play, undisturbed, [diesAsNumber(points.indexOf(point)), ...second])) ?? {
        text: `${point.name}: was not passed again`,
      }
    if (failure.text !== undefined) failures.push(failure.text)
  }
  if (failures.length > 0) throw disagreement(job.name, chosen.length, failures, options)
  return { points: points.map(({ name }) => name), kills: chosen.length }
}

async function playUndisturbed(play: Play): Promise<PlayedThrough> {
  const played = await settle(() => playThrough(play, []))
  if ('value' in played) return played.value
  throw new AssertionError({
    message: `job ${play.job.name} does not complete even when nobody kills it: ${thrownText(played.error)}`,
  })
}

function choose(
  points: readonly KillPoint[],
  { phases, sample }: EveryKillPointOptions<unknown>,
  random: () => number,
): readonly KillPoint[] {
  const wanted = points.filter(({ phase }) => phases === undefined || phases.includes(phase))
  if (sample === undefined || sample >= wanted.length) return wanted
  const order = wanted.map((point) => ({ point, at: random() })).toSorted((one, other) => one.at - other.at)
  const taken = new Set(order.slice(0, sample).map(({ point }) => point))
  return wanted.filter((point) => taken.has(point))
}

function diesAt({ name }: KillPoint): Death {
  return (point) => point.name === name
}

function diesAsNumber(fatal: number): Death {
  return (_, index) => index === fatal
}

function diesSomewhere(points: number, random: () => number): Death {
  return diesAsNumber(Math.floor(random() * points))
}

/** What is wrong afterwards, if anything; undefined when nobody was killed. */
async function tryKill(
  play: Play,
  undisturbed: PlayedThrough,
  deaths: readonly Death[],
): Promise<{ readonly text: string | undefined } | undefined> {
  const deathPlaces: string[] = []
  const played = await settle(() => playThrough(play, deaths, ({ name }) => deathPlaces.push(name)))
  const died = deathPlaces.join(', then ')
  if ('error' in played)
    return { text: `${died}: the restart does not complete: ${thrownText(played.error)}` }
  if (died === '') return undefined
  const output = describeDifference(played.value.output, undisturbed.output)
  const counts = describeCounts(played.value.counts, undisturbed.counts)
  const wrong = [output && `output: ${output}`, counts && `counts: ${counts}`].filter(Boolean)
  return { text: wrong.length === 0 ? undefined : `${died}: ${wrong.join('; ')}` }
}

const SHOWN = 20

function disagreement(
  jobName: string,
  kills: number,
  failures: readonly string[],
  { seed = 1, sample, kills: each }: EveryKillPointOptions<unknown>,
): AssertionError {
  const random = sample === undefined && each !== 2 ? '' : ` (seed ${seed})`
  const more = failures.length > SHOWN ? [`… and ${failures.length - SHOWN} more`] : []
  const lines = [...failures.slice(0, SHOWN), ...more].map((line) => `\n  ${line}`)
  return new AssertionError({
    message: `after ${failures.length} of ${kills} kills job ${jobName} does not end as it does when nobody kills it${random}:${lines.join('')}`,
  })
}
