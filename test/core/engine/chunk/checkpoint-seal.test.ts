import { expect } from 'chai'
import type { StepFactory } from '../../../../src/core/definition/step-factory.ts'
import { type BatchErrorCode, isBatchError } from '../../../../src/core/model/batch-error.ts'
import type { StoredCheckpoint } from '../../../../src/core/model/json-value.ts'
import type { ItemReader } from '../../../../src/core/ports/item-reader.ts'
import type { ItemWriter } from '../../../../src/core/ports/item-writer.ts'
import type { StartOptions } from '../../../../src/core/operator/job-operator.ts'
import { listReader, listWriter, numbers } from '../../items.ts'
import { jobOf, testBatch } from '../../run-job.ts'

const failing = () =>
  listWriter<number>({ onWrite: (_, call) => (call === 1 ? Promise.reject(new Error('full')) : undefined) })

/** The first run commits two of six numbers and fails; the second is `again`. */
async function restarted(
  first: { readonly reader?: ItemReader<number>; readonly writer?: ItemWriter<number> },
  again: { readonly reader?: ItemReader<number>; readonly writer?: ItemWriter<number> },
  options: StartOptions = {},
  acceptedChanges: readonly string[] = [],
) {
  const { run } = testBatch()
  const writer = listWriter<number>()
  const load = (parts: typeof first) => (step: StepFactory<object>) => ({
    load: step.chunk({ size: 2 }, { reader: listReader(numbers(6)), writer, ...parts }),
  })
  await run(jobOf(load({ writer: failing(), ...first })))
  const { error } = await run(jobOf(load(again), { acceptedChanges }), options)
  return { error, written: writer.chunks.flat() }
}

function messageOf(error: unknown, code: BatchErrorCode): string {
  expect(isBatchError(error, code), String(error)).to.equal(true)
  return (error as Error).message
}

describe('A sealed checkpoint', () => {
  const reader = (more: Partial<ItemReader<number>>): ItemReader<number> => ({
    ...listReader(numbers(6)),
    ...more,
  })
  const writer = (more: Partial<ItemWriter<number>>): ItemWriter<number> => ({
    ...listWriter<number>(),
    ...more,
  })

  it('of another kind of reader is refused, naming both, and cannot be accepted', async () => {
    for (const options of [{}, { acceptChanges: true }]) {
      const { error } = await restarted({}, { reader: reader({ kind: 'other' }) }, options)
      const message = messageOf(error, 'JOB_DEFINITION_CHANGED')
      expect(message)
        .to.contain('\n  step load: reader was list, is other\n')
        .and.contain('migrateCheckpoint')
    }
  })

  it('of another version is refused, naming both', async () => {
    const { error } = await restarted({}, { reader: reader({ checkpointVersion: 2 }) })
    const message = messageOf(error, 'CHECKPOINT_REFUSED')
    expect(message).to.contain('checkpoints of version 2 and cannot resume from one of version 1')
  })

  it('is migrated where the reader knows how, and refused where it does not know this one', async () => {
    const seen: StoredCheckpoint[] = []
    const migrating = reader({
      kind: 'other',
      checkpointVersion: 3,
      migrateCheckpoint: (stored) => {
        seen.push(stored)
        return stored.kind === 'list' ? stored.at : undefined
      },
    })
    const { error, written } = await restarted({}, { reader: migrating })
    expect(error).to.equal(undefined)
    expect(written).to.deep.equal([2, 3, 4, 5])
    expect(seen).to.deep.equal([{ kind: 'list', version: 1, at: 2 }])
    const foreign = await restarted({ reader: reader({ kind: 'foreign' }) }, { reader: migrating })
    expect(messageOf(foreign.error, 'JOB_DEFINITION_CHANGED')).to.contain('reader was foreign, is other')
  })

  it('names the kind of a writer that has no checkpoint of its own; another one may be accepted', async () => {
    const other = () => writer({ kind: 'other' })
    const change = 'step load: writer was list, is other'
    const { error } = await restarted({}, { writer: other() })
    expect(messageOf(error, 'JOB_DEFINITION_CHANGED')).to.contain(change)
    expect((await restarted({}, { writer: other() }, { acceptChanges: true })).error).to.equal(undefined)
    expect((await restarted({}, { writer: other() }, {}, [change])).error).to.equal(undefined)
  })
})
