/** One writer that hands its items to others: what they promise, it promises as far as the weakest of them does. */
import { BatchError } from '../core/model/batch-error.ts'
import type { Guarantee, ItemSink, ItemWriter, WriterScope } from '../core/ports/item-writer.ts'
import { decodeStands } from './delegate-checkpoint.ts'
import { type Delegate, DelegatingSink, type Sharing } from './delegating-sink.ts'
import { reachAll } from './reach-all.ts'

export interface Delegation<T> {
  readonly kind: string
  readonly writers: ReadonlyMap<string, ItemWriter<unknown>>
  readonly sharing: Sharing<T>
  /** The same with other writers. */
  readonly withWriters: (writers: ReadonlyMap<string, ItemWriter<unknown>>) => ItemWriter<T>
}

export function delegatingWriter<T>(delegation: Delegation<T>): ItemWriter<T> {
  const { kind, writers } = delegation
  const all = [...writers.values()]
  refuseOwnTransactions(kind, all)
  const description = `${kind} of ${[...writers].map(([name, one]) => `${name}: ${one.description}`).join('; ')}`
  return {
    kind,
    description,
    ...combinedGuarantee(all),
    mapDelegates: (replace) =>
      delegation.withWriters(new Map([...writers].map(([name, one]) => [name, replace(one)]))),
    open: (scope) => openAll(delegation, description, scope),
  }
}

/** Such a transaction keeps the whole chunk's progress: there can be one only, and nothing beside it. */
function refuseOwnTransactions(kind: string, writers: readonly ItemWriter<unknown>[]): void {
  const own = writers.find(({ hasOwnTransaction }) => hasOwnTransaction === true)
  if (own === undefined) return
  throw new BatchError(
    'INVALID_WRITER_OPTIONS',
    `A ${kind} writer cannot hand items to ${own.description}, which writes in a transaction of its own: give it a step of its own, or make it ` +
      'write without transactions.',
    { details: { writer: own.description } },
  )
}

/** From the strongest to the weakest. */
const GUARANTEES: readonly Guarantee[] = ['transactional', 'idempotent', 'at-least-once']

export function weakest(guarantees: readonly Guarantee[]): Guarantee {
  return GUARANTEES[Math.max(...guarantees.map((one) => GUARANTEES.indexOf(one)))] ?? 'at-least-once'
}

/** What several resources are needed for counts as far as the first of them: the others' part is taken at its fallback. */
function combinedGuarantee(
  writers: readonly ItemWriter<unknown>[],
): Pick<ItemWriter<unknown>, 'guarantee' | 'needs'> {
  const resource = writers.find(({ needs }) => needs !== undefined)?.needs?.resource
  const fallbackOf = ({ needs, guarantee }: ItemWriter<unknown>) => needs?.fallback ?? guarantee
  const guaranteeOf = (one: ItemWriter<unknown>) =>
    one.needs === undefined || one.needs.resource.id === resource?.id ? one.guarantee : fallbackOf(one)
  const guarantee = weakest(writers.map(guaranteeOf))
  return resource === undefined
    ? { guarantee }
    : { guarantee, needs: { resource, fallback: weakest([guarantee, ...writers.map(fallbackOf)]) } }
}

async function openAll<T>(
  { writers, sharing }: Delegation<T>,
  description: string,
  scope: WriterScope,
): Promise<ItemSink<T>> {
  const stands = decodeStands(description, writers, scope.from)
  const delegates: Delegate[] = []
  try {
    for (const [name, writer] of writers) {
      const sink = await writer.open({ ...scope, from: stands.get(name)?.at })
      delegates.push({ name, sink })
    }
  } catch (error) {
    await reachAll(delegates, ({ sink }) => sink.close()).catch((further: unknown) =>
      scope.logger.warn({ err: further }, 'a further error, after the one that is reported'),
    )
    throw error
  }
  const isTransactional = combinedGuarantee([...writers.values()]).guarantee === 'transactional'
  return new DelegatingSink({ writers, delegates, sharing, stands, isTransactional }).asSink()
}
