/** What the repository knows at a scrape, so that runs of processes that are long gone count too. */
import type { RepositoryFacts } from '../core/ports/job-figures.ts'
import type { JobRepository } from '../core/ports/job-repository.ts'
import type { WebhookBacklog } from '../core/ports/webhook-store.ts'

export interface ScrapedFacts extends RepositoryFacts {
  /** Of schedules that are not paused. @default none */
  readonly nextFires?: readonly { readonly schedule: string; readonly at: Date }[]
  /** @default none */
  readonly webhooks?: readonly WebhookBacklog[]
}

export interface ScheduledSlots {
  readonly schedule: string
  /** The next slot; undefined where none comes any more. Called at each look. */
  readonly next: () => Date | undefined
}

/** Looks them up, in a number of statements that does not depend on how many there are. */
export function repositoryFacts(
  { jobFacts, schedules, webhooks }: Pick<JobRepository, 'jobFacts' | 'schedules' | 'webhooks'>,
  slots: readonly ScheduledSlots[] = [],
): AskFacts {
  return async () => {
    const [facts, states, backlogs] = await Promise.all([
      jobFacts(),
      slots.length === 0 ? [] : schedules.listStates(),
      webhooks.listBacklogs(),
    ])
    const paused = new Set(states.filter(({ pause }) => pause !== null).map(({ schedule }) => schedule))
    const nextFires = slots.flatMap(({ schedule, next }) => {
      const at = paused.has(schedule) ? undefined : next()
      return at === undefined ? [] : [{ schedule, at }]
    })
    return { ...facts, nextFires, webhooks: backlogs }
  }
}

export type AskFacts = () => Promise<ScrapedFacts>

interface FactsCache {
  /** Undefined where they cannot be had in time. */
  readonly latest: () => Promise<ScrapedFacts | undefined>
}

interface FactsCacheOptions {
  readonly cachedMilliseconds: number
  readonly patienceMilliseconds: number
  /** Milliseconds that never jump. */
  readonly monotonic: () => number
}

/**
 * Asks at most once in so long, and never twice at the same time, however many scrapes there are. Whoever waits longer than the
 * patience is answered without: a database that hangs must not hold up the scrape.
 */
export function factsCache(ask: AskFacts, options: FactsCacheOptions): FactsCache {
  const { cachedMilliseconds, patienceMilliseconds, monotonic } = options
  let known: { readonly facts: ScrapedFacts | undefined; readonly at: number } | undefined
  let asking: Promise<ScrapedFacts | undefined> | undefined
  const refresh = async (): Promise<ScrapedFacts | undefined> => {
    const facts = await answerOf(ask)
    known = { facts, at: monotonic() }
    asking = undefined
    return facts
  }
  return {
    latest: async () => {
      if (known !== undefined && monotonic() - known.at < cachedMilliseconds) return known.facts
      return within(patienceMilliseconds, (asking ??= refresh()))
    },
  }
}

async function answerOf(ask: AskFacts): Promise<ScrapedFacts | undefined> {
  try {
    return await ask()
  } catch {
    return undefined // batch_repository_up says so
  }
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, milliseconds, undefined)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
