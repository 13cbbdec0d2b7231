/** Whether executions can be recorded: the database, its schema and clock, and what dead processes have left there. */
import type { SchemaStatus } from '../../repository/postgres/index.ts'
import type { CommandContext } from '../command-context.ts'
import type { Project } from '../find-project.ts'
import { withBatch } from '../open-batch.ts'
import { openDatabase } from '../open-repository.ts'
import { durationText } from '../quantity-text.ts'
import { repositoryPlace, type RepositoryPlace } from '../repository-place.ts'
import { failed, type Finding, ok, problem, warning } from './finding.ts'

/** Times from two clocks that are further apart look wrong to people; leases are judged by the server's alone. */
const CLOCKS_APART_MILLISECONDS = 2_000

type Found = AsyncGenerator<Finding, void>

/** Ends with the first problem, for all that comes behind it would fail too. */
export async function* checkDatabase(context: CommandContext, project: Project): Found {
  const place = repositoryPlace(project, context.environment)
  try {
    switch (place.kind) {
      case 'memory':
        yield warning(
          'database',
          'memory: forgotten when the process ends',
          'name a database where runs matter',
        )
        return
      case 'given':
        yield* checkRepository(context, project)
        return
      case 'embedded':
        yield* checkEmbedded(context, project, place)
        return
      case 'postgres':
        yield* checkServer(context, project, place)
        return
      default:
        place satisfies never
    }
  } catch (error) {
    yield failed('database', error)
  }
}

/** One that has not been made yet is not made to be looked at. */
async function* checkEmbedded(
  context: CommandContext,
  project: Project,
  place: Extract<RepositoryPlace, { kind: 'embedded' }>,
): Found {
  const { embeddedState } = await import('../../repository/embedded/embedded-state.ts')
  const { state, program, pid } = embeddedState(place.directory)
  const what = {
    none: 'is made by the first run',
    stopped: 'is started when it is needed',
    running: `runs, pid ${pid}`,
  }
  yield ok('embedded Postgres', `${what[state]}: ${place.directory} (${program})`)
  if (state !== 'none') yield* checkServer(context, project, place)
}

async function* checkServer(context: CommandContext, project: Project, place: RepositoryPlace): Found {
  await using database = await openDatabase(place)
  const { serverClock } = await import('../../repository/postgres/server-clock.ts')
  const { repositoryStatus } = await import('../../repository/postgres/index.ts')
  const clock = await serverClock(database.options)
  const status = await repositoryStatus(database.options)
  const source = place.kind === 'postgres' ? `, named by ${place.source}` : ''
  yield ok('database', `Postgres ${clock.serverVersion} at ${status.server}${source}`)
  yield clockFinding(clock.aheadMilliseconds)
  const schema = schemaFinding(status, place)
  yield schema
  if (schema.state === 'ok') yield* checkRepository(context, project)
}

function schemaFinding({ state, schema, tablePrefix }: SchemaStatus, { kind }: RepositoryPlace): Finding {
  const name = `schema ${schema}, prefix ${tablePrefix}`
  if (state === 'current') return ok('tables', `current (${name})`)
  if (state === 'newer')
    return problem('tables', 7, `made by a later version of batchwright (${name})`, 'update batchwright')
  return kind === 'embedded'
    ? ok('tables', `${state}; brought up to date by the next command (${name})`)
    : problem('tables', 7, `${state} (${name})`, 'run: batchwright db migrate')
}

export function clockFinding(aheadMilliseconds: number): Finding {
  const apart = Math.abs(aheadMilliseconds)
  const way = aheadMilliseconds < 0 ? 'behind' : 'ahead of'
  if (apart <= CLOCKS_APART_MILLISECONDS) return ok('clock', `${apart} ms ${way} this one`)
  return warning(
    'clock',
    `the database's is ${durationText(apart)} ${way} this machine's: recorded times and those of logs do not agree`,
    'let both keep time by NTP',
  )
}

async function* checkRepository(context: CommandContext, project: Project): Found {
  const { description, stale } = await withBatch(context, project, [], async ({ operator, repository }) => ({
    description: repository.description,
    stale: await operator.listStale(),
  }))
  const [first] = stale
  yield first === undefined
    ? ok('executions', `none was left by a process that died (${description})`)
    : warning(
        'executions',
        `${stale.length} left by processes that died: ${stale.map(({ id }) => id).join(', ')}`,
        `run: batchwright recover --stale; or batchwright restart ${first.id}, which recovers it too`,
      )
}
