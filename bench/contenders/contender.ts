/** Runs one way of loading the file, in a process of its own, and prints what it took as JSON. */
import type { ClientConfig } from 'pg'
import { batchwrightLoad } from './batchwright-load.ts'
import { handWrittenCopy } from './hand-written-copy.ts'
import { rawCopy } from './raw-copy.ts'
import { typeormInsert } from './typeorm-insert.ts'

export interface Load {
  readonly file: string
  readonly connection: ClientConfig & {
    readonly host: string
    readonly port: number
    readonly user: string
    readonly database: string
  }
  readonly chunkSize: number
}

export interface Measured {
  readonly rows: number
  readonly seconds: number
  readonly peakMegabytes: number
  readonly cpuSeconds: number
}

const WAYS: Readonly<Record<string, (load: Load) => Promise<number>>> = {
  batchwright: batchwrightLoad,
  'hand-written COPY loop': handWrittenCopy,
  'raw bytes into COPY': rawCopy,
  'TypeORM insert': typeormInsert,
}

const [name = '', load = ''] = process.argv.slice(2)
const way = WAYS[name]
if (way === undefined) throw new Error(`There is no contender ${name}.`)
const cpuBefore = process.cpuUsage()
const begun = performance.now()
const rows = await way(JSON.parse(load) as Load)
const seconds = (performance.now() - begun) / 1000
const cpu = process.cpuUsage(cpuBefore)
const measured: Measured = {
  rows,
  seconds,
  peakMegabytes: process.resourceUsage().maxRSS / 1024,
  cpuSeconds: (cpu.user + cpu.system) / 1e6,
}
console.log(JSON.stringify(measured))
