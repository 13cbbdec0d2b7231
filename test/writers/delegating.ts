/** What the tests of writers that hand their items to others share. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Checkpoint } from '../../src/core/model/json-value.ts'
import type { ItemSink, ItemWriter, WriterScope } from '../../src/core/ports/item-writer.ts'
import { delimitedReader } from '../../src/readers/delimited.ts'
import { NO_RESOURCES, SILENT_LOGGER, stored } from '../../src/testing/contracts/scope.ts'
import { readAll } from '../files/reading.ts'

export interface Row {
  readonly id: string
  readonly kind: 'odd' | 'even'
}

export const ROWS: readonly Row[] = Array.from({ length: 8 }, (_, id) => ({
  id: String(id),
  kind: id % 2 === 0 ? 'even' : 'odd',
}))

export async function ownFolder(): Promise<{ path: (name: string) => string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'batchwright-writers-'))
  return { path: (name) => join(folder, name), remove: () => rm(folder, { recursive: true, force: true }) }
}

/** The rows of a file; none where there is no file. */
export async function rowsIn(file: string): Promise<readonly unknown[]> {
  const there = (await readdir(join(file, '..'))).some((name) => file.endsWith(`/${name}`))
  return there ? (await readAll(delimitedReader({ file, comment: '#' }))).items : []
}

export function writerScope(from?: Checkpoint): WriterScope {
  return {
    from: from === undefined ? undefined : stored(from),
    jobName: 'contract',
    jobExecutionId: '1',
    stepName: 'load',
    stepExecutionId: '1',
    signal: new AbortController().signal,
    logger: SILENT_LOGGER,
    resources: NO_RESOURCES,
  }
}

/** A delegate that tells what is asked of it. */
export function toldWriter(
  name: string,
  calls: string[],
  sink: Partial<ItemSink<unknown>> & { readonly failOpen?: boolean } = {},
  writer: Partial<ItemWriter<unknown>> = {},
): ItemWriter<unknown> {
  const tell = (what: string) => void calls.push(`${name} ${what}`)
  const { failOpen = false, ...parts } = sink
  return {
    kind: 'told',
    description: name,
    guarantee: 'transactional',
    ...writer,
    open: async ({ from }) => {
      tell(from === undefined ? 'open' : `open from ${JSON.stringify(from)}`)
      if (failOpen) throw new Error(`${name} cannot be opened`)
      const wrapped = Object.entries(parts).map(([part, does]) =>
        typeof does !== 'function'
          ? [part, does]
          : [part, (...args: unknown[]) => (tell(part), (does as (...args: unknown[]) => unknown)(...args))],
      )
      return {
        write: async (items) => tell(`write ${items.join(',')}`),
        close: async () => tell('close'),
        ...(Object.fromEntries(wrapped) as Partial<ItemSink<unknown>>),
      }
    },
  }
}
