import { expect } from 'chai'
import { pino } from 'pino'
import { exitStatus } from '../../../src/core/model/exit-status.ts'
import { createBatch } from '../../../src/create-batch.ts'
import { memoryRepository } from '../../../src/repository/memory/memory-repository.ts'
import { listReader, listWriter, numbers } from '../items.ts'
import { jobOf, testBatch } from '../run-job.ts'

const boom = (what: string) => () => {
  throw new Error(`${what} of the listener`)
}

describe('Listeners', () => {
  it('hear of everything in its order', async () => {
    const heard: string[] = []
    const job = jobOf(
      (step) => ({
        load: step.chunk(
          { size: 2, overlap: false },
          {
            reader: listReader(numbers(2)),
            processor: (item) => item * 10,
            writer: listWriter<number>({ onWrite: () => heard.push('write') }),
            listeners: [
              {
                beforeStep: ({ status }) => void heard.push(`beforeStep ${status}`),
                afterStep: ({ status, writeCount }) => void heard.push(`afterStep ${status} ${writeCount}`),
                afterRead: (item) => heard.push(`afterRead ${item}`),
                beforeProcess: (item) => heard.push(`beforeProcess ${item}`),
                afterProcess: (item, output) => heard.push(`afterProcess ${item} ${String(output)}`),
                beforeChunk: ({ items, outputs }) =>
                  void heard.push(`beforeChunk ${items.length} ${outputs.length}`),
                beforeWrite: (outputs) => heard.push(`beforeWrite ${outputs.length}`),
                afterWrite: (outputs) => heard.push(`afterWrite ${outputs.length}`),
                afterChunk: () => void heard.push('afterChunk'),
              },
            ],
          },
        ),
      }),
      {
        listeners: [
          {
            beforeJob: ({ status }) => void heard.push(`beforeJob ${status}`),
            afterJob: ({ status }) => void heard.push(`afterJob ${status}`),
          },
        ],
      },
    )
    await testBatch().run(job)
    expect(heard).to.deep.equal([
      'beforeJob STARTED',
      'beforeStep STARTED',
      'afterRead 0',
      'afterRead 1',
      'beforeProcess 0',
      'afterProcess 0 0',
      'beforeProcess 1',
      'afterProcess 1 10',
      'beforeChunk 2 2',
      'beforeWrite 2',
      'write',
      'afterWrite 2',
      'afterChunk',
      'afterStep COMPLETED 2',
      'afterJob COMPLETED',
    ])
  })

  it('never hide the first error with one of their own', async () => {
    const job = jobOf(
      (step) => ({
        load: step.chunk(
          { size: 2 },
          {
            reader: listReader(numbers(2)),
            writer: listWriter<number>({ onWrite: boom('write'), onClose: boom('close') }),
            listeners: [
              {
                onWriteError: boom('onWriteError'),
                onChunkError: boom('onChunkError'),
                afterStep: boom('afterStep'),
              },
            ],
          },
        ),
      }),
      { listeners: [{ afterJob: boom('afterJob') }] },
    )
    const { execution, error } = await testBatch().run(job)
    expect((error as Error).message).to.contain('write of the listener')
    expect(execution.status).to.equal('FAILED')
  })

  it('never hide an error of reading or processing either', async () => {
    const listeners = [{ onReadError: boom('onReadError'), onProcessError: boom('onProcessError') }]
    const unread = await testBatch().run(
      jobOf((step) => ({
        load: step.chunk(
          { size: 2 },
          { reader: listReader(numbers(2), { failAt: 0 }), writer: listWriter<number>(), listeners },
        ),
      })),
    )
    expect((unread.error as Error).message).to.contain('cannot read item 0')
    const unprocessed = await testBatch().run(
      jobOf((step) => ({
        load: step.chunk(
          { size: 2 },
          {
            reader: listReader(numbers(2)),
            processor: (item: number) => (boom('processor')(), item),
            writer: listWriter<number>(),
            listeners,
          },
        ),
      })),
    )
    expect((unprocessed.error as Error).message).to.contain('processor of the listener')
  })

  it('fail the step in beforeStep and afterStep, the chunk in beforeChunk, and the job in beforeJob', async () => {
    const stepWith = (listener: object) =>
      jobOf((step) => ({
        load: step.chunk(
          { size: 2 },
          { reader: listReader(numbers(2)), writer: listWriter<number>(), listeners: [listener] },
        ),
      }))
    for (const event of ['beforeStep', 'afterStep', 'beforeChunk']) {
      const { execution } = await testBatch().run(stepWith({ [event]: boom(event) }))
      expect(execution.stepExecutions[0]?.status, event).to.equal('FAILED')
    }
    const { execution } = await testBatch().run(
      jobOf((step) => ({ only: step.tasklet(() => undefined) }), {
        listeners: [{ beforeJob: boom('beforeJob') }],
      }),
    )
    expect(execution).to.deep.include({ status: 'FAILED', stepExecutions: [] })
  })

  it('change nothing when afterChunk or afterJob fails', async () => {
    const job = jobOf(
      (step) => ({
        load: step.chunk(
          { size: 2 },
          {
            reader: listReader(numbers(2)),
            writer: listWriter<number>(),
            listeners: [{ afterChunk: boom('afterChunk') }],
          },
        ),
      }),
      { listeners: [{ afterJob: boom('afterJob') }] },
    )
    const { execution } = await testBatch().run(job)
    expect(execution.status).to.equal('COMPLETED')
  })

  it('that fail after the write change nothing: what is committed stays committed', async () => {
    const writer = listWriter<number>()
    const job = jobOf((step) => ({
      load: step.chunk(
        { size: 2 },
        { reader: listReader(numbers(4)), writer, listeners: [{ afterWrite: boom('afterWrite') }] },
      ),
    }))
    const { execution } = await testBatch().run(job)
    expect(execution.stepExecutions[0]).to.deep.include({
      status: 'COMPLETED',
      writeCount: 4,
      rollbackCount: 0,
    })
    expect(writer.calls).not.to.include('rolledBack')
  })

  it('that are async although they should not be, and reject, are logged and do not end the process', async () => {
    const late = async (): Promise<void> => Promise.reject(new Error('late'))
    const messages: string[] = []
    const job = jobOf((step) => ({
      load: step.chunk(
        { size: 2, skip: { on: Error, limit: 1 } },
        {
          reader: listReader(numbers(4)),
          processor: (item) => (item === 1 ? boom('item 1')() : item),
          writer: listWriter(),
          // What TypeScript lets through where nothing is to be answered.
          listeners: [{ afterWrite: late as () => void, onSkipInProcess: late as () => void }],
        },
      ),
    }))
    const write = (line: string) => void messages.push((JSON.parse(line) as { msg: string }).msg)
    const logger = pino({ level: 'warn' }, { write })
    const batch = createBatch({ repository: memoryRepository(), jobs: [job], logger })
    const { execution } = await (await batch.operator.start(job, {})).ended
    expect(execution.status).to.equal('COMPLETED')
    expect(messages.filter((one) => one.endsWith('what it was told of stands')).toSorted()).to.deep.equal([
      'afterWrite failed; what it was told of stands',
      'afterWrite failed; what it was told of stands',
      'onSkipInProcess failed; what it was told of stands',
    ])
  })

  it('may be instances of a class', async () => {
    class Counter {
      read = 0
      ended = ''
      afterRead(): void {
        this.read += 1
      }
      afterStep({ status }: { status: string }): undefined {
        this.ended = status
      }
      jobEnded({ status }: { status: string }): void {
        this.ended += ` ${status}`
      }
    }
    const counter = new Counter()
    const job = jobOf((step) => ({
      load: step.chunk(
        { size: 2 },
        { reader: listReader(numbers(3)), writer: listWriter<number>(), listeners: [counter] },
      ),
    }))
    await testBatch().run(job, { observer: counter })
    expect(counter).to.deep.include({ read: 3, ended: 'COMPLETED COMPLETED' })
  })

  it('may give the step an exit status, which is combined with its own', async () => {
    const job = jobOf((step) => ({
      load: step.chunk(
        { size: 2 },
        {
          reader: listReader(numbers(2)),
          writer: listWriter<number>(),
          listeners: [
            { afterStep: () => exitStatus('COMPLETED WITH SKIPS') },
            { afterStep: () => undefined },
          ],
        },
      ),
    }))
    const { execution } = await testBatch().run(job)
    expect(execution.exitStatus.exitCode).to.equal('COMPLETED WITH SKIPS')
    expect(execution.status).to.equal('COMPLETED')
  })
})

describe('An observer', () => {
  it('is told what happens, and cannot harm it', async () => {
    const told: string[] = []
    const job = jobOf((step) => ({
      load: step.chunk({ size: 2 }, { reader: listReader(numbers(3)), writer: listWriter<number>() }),
    }))
    const { execution } = await testBatch().run(job, {
      observer: {
        jobStarted: (_, stepNames) => void told.push(`jobStarted ${stepNames.join()}`),
        stepStarted: ({ stepName }) => void told.push(`stepStarted ${stepName}`),
        stepProgressed: ({ readCount }, progress) => {
          told.push(`stepProgressed ${readCount} of ${progress?.total}`)
          throw new Error('the screen is gone')
        },
        stepEnded: ({ status }) => void told.push(`stepEnded ${status}`),
        jobEnded: ({ status }) => void told.push(`jobEnded ${status}`),
      },
    })
    expect(execution.status).to.equal('COMPLETED')
    expect(told).to.deep.equal([
      'jobStarted load',
      'stepStarted load',
      'stepProgressed 2 of 3',
      'stepProgressed 3 of 3',
      'stepEnded COMPLETED',
      'jobEnded COMPLETED',
    ])
  })
})
