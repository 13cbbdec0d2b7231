import { expect } from 'chai'
import { readFile, writeFile } from 'node:fs/promises'
import type { JobRepository } from '../../src/core/ports/job-repository.ts'
import { memoryRepository } from '../../src/repository/memory/memory-repository.ts'
import { iterableReader } from '../../src/readers/iterable.ts'
import { delimitedWriter } from '../../src/writers/delimited.ts'
import { jobOf, testBatch } from '../core/run-job.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'

/** The process dies when the first step is to be recorded as COMPLETED. */
function dyingAtEnd(repository: JobRepository): JobRepository {
  let died = false
  return {
    ...repository,
    beginStep: async (claim, begin) => {
      const session = await repository.beginStep(claim, begin)
      const end: typeof session.end = async (ending) => {
        if (died) return session.end(ending)
        died = true
        throw new Error('killed')
      }
      return { ...session, end }
    },
  }
}

describe('A delimited file that was published before its step was recorded', () => {
  const folder = temporaryFolder()

  for (const rows of [0, 3]) {
    it(`is recognised by a restart although nothing may be replaced, with ${rows} rows`, async () => {
      const file = folder.path(`published-${rows}.csv`)
      const { run } = testBatch(dyingAtEnd(memoryRepository()))
      const job = jobOf((step) => ({
        write: step.chunk(
          { size: 2 },
          {
            reader: iterableReader(Array.from({ length: rows }, (_, id) => ({ id }))),
            writer: delimitedWriter({ file, columns: ['id'], existing: 'refuse' }),
          },
        ),
      }))
      expect((await run(job)).execution.status).to.equal('FAILED')
      const published = await readFile(file, 'utf8')
      expect(published).to.match(/^id\n/)
      const { execution, error } = await run(job)
      expect(error).to.equal(undefined)
      expect(execution.status).to.equal('COMPLETED')
      expect(await readFile(file, 'utf8')).to.equal(published)
    })
  }

  it('is refused when it is somebody else’s', async () => {
    const file = await folder.file('foreign.csv', 'id\n')
    const { run } = testBatch()
    const writer = delimitedWriter({ file, columns: ['id'], existing: 'refuse' })
    const job = jobOf((step) => ({
      write: step.chunk({ size: 2 }, { reader: iterableReader<{ id: number }>([]), writer }),
    }))
    expect((await run(job)).execution.status).to.equal('FAILED')
    await writeFile(file, 'id\n9\n')
    expect((await run(job)).execution.status).to.equal('FAILED')
    expect(await readFile(file, 'utf8')).to.equal('id\n9\n')
  })
})
