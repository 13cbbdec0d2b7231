import { expect } from 'chai'
import { failedItems, itemsFailed } from '../../src/core/ports/items-failed.ts'
import { itemWriterContract } from '../../src/testing/contracts/item-writer.ts'
import { NO_TRANSACTION_RESOURCES } from '../../src/testing/contracts/scope.ts'
import { classifierWriter } from '../../src/writers/classifier.ts'
import { delimitedWriter } from '../../src/writers/delimited.ts'
import { ownFolder, type Row, ROWS, rowsIn, toldWriter, writerScope } from './delegating.ts'

const tx = NO_TRANSACTION_RESOURCES
const parity = (item: unknown) => (Number(item) % 2 === 0 ? 'even' : 'odd')

describe('classifierWriter', () => {
  describe('of two files keeps the contract of writers', () => {
    const cases = itemWriterContract({ guarantee: 'transactional', checkpoints: true }, async () => {
      const { path, remove } = await ownFolder()
      const footer = ({ writeCount }: { readonly writeCount: number }) => `# ${writeCount}`
      const fileOf = (name: string) => delimitedWriter({ file: path(name), columns: ['id', 'kind'], footer })
      return {
        writer: classifierWriter(({ kind }: Row) => kind, {
          even: fileOf('even.csv'),
          odd: fileOf('odd.csv'),
        }),
        items: ROWS,
        ordered: false,
        visible: async () => (await Promise.all([rowsIn(path('even.csv')), rowsIn(path('odd.csv'))])).flat(),
        hiddenUntilComplete: true,
        dispose: remove,
      }
    })
    for (const { promise, check } of cases) it(promise, check)
  })

  it('keeps the order within a class, and asks nothing of a writer whose class is not in the chunk', async () => {
    const calls: string[] = []
    const parts = () => ({ checkpoint: () => 1, rolledBack: async () => {} })
    const sink = await classifierWriter(parity, {
      even: toldWriter('even', calls, parts()),
      odd: toldWriter('odd', calls, parts()),
    }).open(writerScope())
    await sink.write([4, 1, 2, 3], tx)
    sink.checkpoint?.()
    await sink.write([6], tx)
    sink.checkpoint?.()
    await sink.rolledBack?.()
    await sink.close()
    expect(calls.slice(2)).to.deep.equal([
      'even write 4,2',
      'odd write 1,3',
      'even checkpoint',
      'odd checkpoint',
      'even write 6',
      'even checkpoint',
      'even rolledBack',
      'even close',
      'odd close',
    ])
  })

  it('tells each writer at the end how many of its own items are committed, over restarts', async () => {
    const counts: Record<string, number> = {}
    const of = (name: string) =>
      toldWriter(name, [], { complete: async ({ writeCount }) => void (counts[name] = writeCount) })
    const writer = classifierWriter(parity, { even: of('even'), odd: of('odd') })
    const first = await writer.open(writerScope())
    await first.write([1, 2, 3], tx)
    const at = first.checkpoint?.()
    await first.write([5, 7], tx)
    await first.rolledBack?.()
    const second = await writer.open(writerScope(at))
    await second.write([4], tx)
    second.checkpoint?.()
    await second.complete?.({ writeCount: 4 })
    expect(counts).to.deep.equal({ even: 2, odd: 2 })
  })

  it('takes back what a part of a chunk had added when its savepoint is rolled back', async () => {
    const counts: number[] = []
    const writer = toldWriter('w', [], { complete: async ({ writeCount }) => void counts.push(writeCount) })
    const sink = await classifierWriter(() => 'all', { all: writer }).open(writerScope())
    await sink.write([1], tx)
    const goBack = sink.savepoint?.()
    await sink.write([2, 3], tx)
    await goBack?.()
    sink.checkpoint?.()
    await sink.complete?.({ writeCount: 1 })
    expect(counts).to.deep.equal([1])
  })

  it('does not go back into the chunk before from a savepoint that is the first it hears of a chunk', async () => {
    const calls: string[] = []
    const parts = () => ({ checkpoint: () => 1, rolledBack: async () => {}, savepoint: () => async () => {} })
    const sink = await classifierWriter(parity, {
      odd: toldWriter('odd', calls, parts()),
      even: toldWriter('even', calls, parts()),
    }).open(writerScope())
    await sink.write([1], tx)
    sink.checkpoint?.()
    const goBack = sink.savepoint?.()
    await sink.write([2], tx)
    await goBack?.()
    await sink.rolledBack?.()
    expect(calls).not.to.include('odd rolledBack')
  })

  it('names the items that a writer names, by their place in the chunk, and writes the others', async () => {
    const calls: string[] = []
    const write = async () => Promise.reject(itemsFailed([{ index: 1, error: new Error('bad') }]))
    const sink = await classifierWriter(parity, {
      odd: toldWriter('odd', calls, { write }),
      even: toldWriter('even', calls),
    }).open(writerScope())
    const error = await sink.write([2, 1, 3], tx).catch((one: unknown) => one)
    expect(failedItems(error)?.map(({ index }) => index)).to.deep.equal([2])
    expect(calls).to.include('even write 2')
  })

  it('does not count what a writer says it has not written, until it is written again', async () => {
    const counts: number[] = []
    let failing = true
    const write = async () => {
      if (failing) throw itemsFailed([{ index: 1, error: new Error('bad') }])
    }
    const complete = async ({ writeCount }: { readonly writeCount: number }) => void counts.push(writeCount)
    const told = toldWriter('w', [], { write, complete }, { guarantee: 'idempotent' })
    const sink = await classifierWriter(() => 'all', { all: told }).open(writerScope())
    await sink.write([1, 2, 3], tx).catch(() => {})
    failing = false
    await sink.write([2], tx)
    sink.checkpoint?.()
    await sink.complete?.({ writeCount: 3 })
    expect(counts).to.deep.equal([3])
  })

  it('names an item of a class without a writer', async () => {
    const loose = classifierWriter((item: unknown) => String(item) as 'a', { a: toldWriter('a', []) })
    const sink = await loose.open(writerScope())
    const error = await sink.write(['a', 'toString'], tx).catch((one: unknown) => one)
    expect(failedItems(error)?.map(({ index }) => index)).to.deep.equal([1])
    expect((error as Error).message).to.include(
      'of class "toString", for which there is no writer: there are a',
    )
  })
})
