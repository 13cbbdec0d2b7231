/** A writer that dies with its process. What it has written stays as it is. */
import type { ItemSink, ItemWriter } from '../../core/ports/item-writer.ts'
import type { Transaction } from '../../core/ports/resource.ts'
import type { KillSwitch } from './kill-switch.ts'

/** `where` names the chunk that is being written. */
export function mortalWriter<T>(
  life: KillSwitch,
  step: string,
  where: () => string,
  writer: ItemWriter<T>,
): ItemWriter<T> {
  return {
    ...writer,
    open: async (scope) => {
      life.assertAlive()
      const sink = mortalSink(life, step, where, await writer.open(scope))
      life.pass('after open', `${step}, writer`)
      return sink
    },
  }
}

/** Not pipelined: the write and the commit would be one, with nothing between them to be killed at. */
function mortalSink<T>(life: KillSwitch, step: string, where: () => string, sink: ItemSink<T>): ItemSink<T> {
  const { pipelined: _, ...plain } = sink
  const { prepare, checkpoint, rolledBack, savepoint, complete, ownTransaction } = sink
  const killable = async (write: () => Promise<void>): Promise<void> => {
    life.pass('before write', where())
    await life.whileAlive(write)
    life.pass('after write', where())
  }
  return {
    ...plain,
    write: (items, transaction) => killable(() => sink.write(items, transaction)),
    ...(prepare && {
      prepare: (items: readonly T[]) => {
        life.assertAlive()
        const write = prepare(items)
        return (transaction: Transaction) => killable(() => write(transaction))
      },
    }),
    ...(checkpoint && {
      checkpoint: () => {
        life.assertAlive()
        return checkpoint()
      },
    }),
    ...(rolledBack && { rolledBack: () => life.whileAlive(rolledBack) }),
    ...(savepoint && {
      savepoint: () => {
        life.assertAlive()
        const undo = savepoint()
        return () => life.whileAlive(undo)
      },
    }),
    ...(ownTransaction && {
      ownTransaction: {
        lastMark: (reader) => life.whileAlive(() => ownTransaction.lastMark(reader)),
        commit: async (mark) => {
          life.pass('before commit', `${where()}, own transaction`)
          await life.whileAlive(() => ownTransaction.commit(mark))
          life.pass('after commit', `${where()}, own transaction`)
        },
      },
    }),
    ...(complete && {
      complete: async (summary) => {
        life.pass('before publish', step)
        await life.whileAlive(() => complete(summary))
        life.pass('after publish', step)
      },
    }),
    close: life.closing(() => sink.close()),
  }
}
