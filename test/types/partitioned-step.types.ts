/** What must compile of partitioned steps, and each mistake that must not. This file is compiled, never run. */
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { listPartitions, rangePartitions } from '../../src/core/definition/partitioners.ts'
import type { ItemReader } from '../../src/core/ports/item-reader.ts'
import type { ItemWriter } from '../../src/core/ports/item-writer.ts'

declare function rowsBetween(from: number, to: number): ItemReader<{ readonly id: number }>
declare function rowsBetweenBig(from: bigint, to: bigint): ItemReader<{ readonly id: bigint }>
declare function linesOf(file: string): ItemReader<string>
declare function fileAt(path: string): ItemWriter<string>
declare const table: ItemWriter<{ readonly id: number }>

const parameters = z.object({ folder: z.string(), parts: z.int() })

export const inferred = defineJob({
  name: 'inferred',
  parameters,
  steps: (step) => ({
    byKey: step.partitioned(
      {
        size: 100,
        partitions: ({ parameters }) => rangePartitions({ from: 1, to: 9, parts: parameters.parts }),
        aggregate: ({ partitions }) => {
          const last: number | undefined = partitions[0]?.value.to
          void last
        },
      },
      {
        reader: ({ partition: { value } }) => rowsBetween(value.from, value.to),
        processor: (row, { partition }) => ({ id: row.id + partition.value.from }),
        writer: table,
      },
    ),
    byBigKey: step.partitioned(
      { size: 100, partitions: () => rangePartitions({ from: 1n, to: 9n, parts: 3 }) },
      {
        reader: ({ partition: { value } }) => rowsBetweenBig(value.from, value.to),
        processor: ({ id }) => ({ id: Number(id) }),
        writer: table,
      },
    ),
    byFile: step.partitioned(
      {
        size: ({ parameters }) => parameters.parts,
        processes: 2,
        partitions: async ({ parameters }) =>
          listPartitions([{ file: `${parameters.folder}/a.csv`, out: 'a.txt' }]),
      },
      {
        reader: ({ partition }) => linesOf(partition.value.file),
        writer: ({ partition }) => fileAt(partition.value.out),
      },
    ),
  }),
})

export const refused = defineJob({
  name: 'refused',
  parameters,
  steps: (step) => ({
    wrongValue: step.partitioned(
      { size: 1, partitions: () => listPartitions(['a.csv']) },
      {
        // @ts-expect-error: the value is a file name, not a range
        reader: ({ partition }) => rowsBetween(partition.value.from, 2),
        writer: table,
      },
    ),
    wrongItem: step.partitioned(
      { size: 1, partitions: () => listPartitions(['a.csv']) },
      {
        reader: ({ partition }) => linesOf(partition.value),
        // @ts-expect-error: the table takes rows, not lines
        processor: (line) => line.length,
        writer: table,
      },
    ),
    notStorable: step.partitioned(
      // @ts-expect-error: a partition's value is stored, and a function cannot be
      { size: 1, partitions: () => [{ name: 'a', value: () => 1 }] },
      { reader: () => linesOf('a'), writer: fileAt('b') },
    ),
    sharedReader: step.partitioned(
      { size: 1, partitions: () => listPartitions(['a.csv']) },
      {
        // @ts-expect-error: one reader for all would read everything once per partition
        reader: linesOf('a'),
        writer: fileAt('b'),
      },
    ),
  }),
})
