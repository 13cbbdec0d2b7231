import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import { pino } from 'pino'
import type { ItemWriter } from '../../src/core/ports/item-writer.ts'
import { createBatch } from '../../src/create-batch.ts'
import { memoryRepository } from '../../src/repository/memory/memory-repository.ts'
import { memoryTable } from '../../src/testing/memory-table.ts'
import { compositeWriter } from '../../src/writers/composite.ts'
import { delimitedWriter } from '../../src/writers/delimited.ts'
import { listReader, numbers } from '../core/items.ts'
import { jobOf } from '../core/run-job.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'

interface Line {
  readonly id: number
}

describe('A delimited file of a step that skips', () => {
  const folder = temporaryFolder()

  /** Cannot be encoded where `bad` says so. */
  const fileOf = (file: string, bad: readonly number[] = []): ItemWriter<Line> =>
    delimitedWriter({
      file,
      header: false,
      columns: [
        {
          header: 'id',
          value: ({ id }: Line) => {
            if (bad.includes(id)) throw new Error(`cannot encode ${id}`)
            return id
          },
        },
      ],
    })

  async function run(count: number, size: number, writer: ItemWriter<Line>): Promise<string> {
    const job = jobOf((step) => ({
      load: step.chunk(
        { size, skip: { on: Error, limit: count } },
        { reader: listReader(numbers(count)), processor: (id) => ({ id }), writer },
      ),
    }))
    const batch = createBatch({
      repository: memoryRepository(),
      jobs: [job],
      logger: pino({ level: 'silent' }),
    })
    const { execution, error } = await (await batch.operator.start(job, {})).ended
    expect(execution.status, String(error)).to.equal('COMPLETED')
    return execution.stepExecutions.map((step) => `${step.writeCount} + ${step.writeSkipCount}`).join()
  }

  const linesOf = async (file: string): Promise<readonly number[]> =>
    (await readFile(file, 'utf8')).trimEnd().split('\n').map(Number)

  const without = (count: number, bad: readonly number[]): readonly number[] =>
    numbers(count).filter((id) => !bad.includes(id))

  it('holds all lines but the bad ones, also those of the chunks before', async () => {
    for (const bad of [[5], [0], [9], [4, 5, 6, 7], [1, 5, 9]]) {
      const file = folder.path(`alone-${bad.join('-')}.csv`)
      expect(await run(10, 4, fileOf(file, bad))).to.equal(`${10 - bad.length} + ${bad.length}`)
      expect(await linesOf(file)).to.deep.equal(without(10, bad))
    }
  })

  it('goes back with the savepoint when it is another writer that refuses the part', async () => {
    for (const order of ['table first', 'file first']) {
      const file = folder.path(`${order}.csv`)
      const rows = memoryTable<Line>({ key: ({ id }) => id })
      rows.insert([{ id: 6 }, { id: 13 }])
      const writers = order === 'table first' ? [rows.writer, fileOf(file)] : [fileOf(file), rows.writer]
      expect(await run(20, 5, compositeWriter(writers))).to.equal('18 + 2')
      expect(await linesOf(file), order).to.deep.equal(without(20, [6, 13]))
      expect(rows.rows()).to.have.length(20)
    }
  })
})
