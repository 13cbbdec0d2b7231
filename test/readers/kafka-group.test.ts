import { expect } from 'chai'
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { memoryTable } from '../../src/testing/memory-table.ts'
import { testBatch } from '../../src/testing/test-batch.ts'
import { TOPIC, logOf, readerOf } from './kafka-reading.ts'

describe('kafkaReader', () => {
  it('reports to its group what was committed, and nothing that was not', async () => {
    const log = logOf(25)
    const table = memoryTable<number>()
    const job = defineJob({
      name: 'grouped',
      parameters: z.object({}),
      steps: (step) => ({
        load: step.chunk(
          { size: 10 },
          {
            reader: readerOf(log, { group: 'watched' }),
            processor: ({ value }) => {
              if (value === 15 && log.groupOffsets('watched').length < 2) throw new Error('not yet')
              return value
            },
            writer: table.writer,
          },
        ),
      }),
    })
    const failed = await testBatch().runJob(job, {})
    expect(failed.execution.status).to.equal('FAILED')
    expect(log.groupOffsets('watched')).to.deep.include({
      topic: TOPIC,
      partition: 0,
      offset: 10n,
      metadata: '',
    })
  })

  it('leaves its group no lag of markers and aborted records behind the last record', async () => {
    const log = logOf(25, 3)
    for (const partition of [0, 2]) {
      const foreign = log.beginTransaction()
      foreign.produce(TOPIC, [{ partition, value: '99' }])
      foreign.abort()
    }
    const table = memoryTable<number>()
    const job = defineJob({
      name: 'followed',
      parameters: z.object({}),
      steps: (step) => ({
        load: step.chunk(
          { size: 25 },
          {
            reader: readerOf(log, { group: 'watched' }),
            processor: ({ value }) => value,
            writer: table.writer,
          },
        ),
      }),
    })
    ;(await testBatch().runJob(job, {})).completed()
    expect(
      log
        .groupOffsets('watched')
        .toSorted((one, other) => one.partition - other.partition)
        .map(({ offset }) => offset),
    ).to.deep.equal([11n, 8n, 10n])
  })
})
