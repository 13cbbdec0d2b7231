/** Writers in a dry run: those whose writes the transaction takes back do write, the others are left unopened. */
import { thrownText } from '../../model/error-description.ts'
import type { ItemSink, ItemWriter } from '../../ports/item-writer.ts'
import type { JobRepository } from '../../ports/job-repository.ts'
import type { RehearsedWrite } from './dry-run-report.ts'

export function rehearsedWriter(
  writer: ItemWriter<unknown>,
  repository: JobRepository,
  tell: (write: RehearsedWrite) => void,
): ItemWriter<unknown> {
  if (writer.mapDelegates !== undefined)
    return writer.mapDelegates((delegate) => rehearsedWriter(delegate, repository, tell))
  return isTakenBack(writer, repository) ? triedWriter(writer, tell) : unopenedWriter(writer, tell)
}

/** One that needs nothing of the transaction, as a writer of files, undoes things in its own way, and leaves traces. */
function isTakenBack({ guarantee, needs }: ItemWriter<unknown>, { transactionHas }: JobRepository): boolean {
  return guarantee === 'transactional' && needs !== undefined && transactionHas(needs.resource)
}

/** One that cannot be opened, as where its table is missing, does not keep the items from being read and processed. */
function triedWriter(
  writer: ItemWriter<unknown>,
  tell: (write: RehearsedWrite) => void,
): ItemWriter<unknown> {
  const { kind, description, guarantee } = writer
  return {
    kind,
    description,
    guarantee,
    open: async (scope) => {
      try {
        const sink = await writer.open(scope)
        tell({ writer: description, what: 'rolled back', reason: null })
        return withoutPublishing(sink)
      } catch (error) {
        scope.signal.throwIfAborted()
        tell({ writer: description, what: 'refused', reason: thrownText(error) })
        return NOWHERE
      }
    },
  }
}

function unopenedWriter(
  { kind, description, guarantee }: ItemWriter<unknown>,
  tell: (write: RehearsedWrite) => void,
): ItemWriter<unknown> {
  return {
    kind,
    description,
    guarantee,
    open: async () => {
      tell({ writer: description, what: 'not opened', reason: null })
      return NOWHERE
    },
  }
}

const NOWHERE: ItemSink<unknown> = { write: async () => {}, close: async () => {} }

/** What `complete` publishes is not taken back. A sink may be an instance of a class, so it is not copied. */
function withoutPublishing(sink: ItemSink<unknown>): ItemSink<unknown> {
  return new Proxy(sink, {
    get: (target, part) => {
      if (part === 'complete') return undefined
      const value: unknown = Reflect.get(target, part)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
