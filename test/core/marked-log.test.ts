import { itemWriterContract } from '../../src/testing/contracts/item-writer.ts'
import { markedLog } from './marked-log.ts'

describe('A log with marks, as a writer with a transaction of its own', () => {
  const traits = { guarantee: 'transactional', checkpoints: false, ownTransaction: true } as const
  const cases = itemWriterContract(traits, async () => {
    const log = markedLog<number>()
    return { writer: log.writer, items: [1, 2, 3, 4, 5, 6], visible: async () => log.items() }
  })
  for (const { promise, check } of cases) it(promise, check)
})
