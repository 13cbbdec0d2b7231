/** Runs the partitioned load of the order in its argument, to be killed. */
import openBatch, { type LoadOrder } from './partitioned-load.ts'

const batch = await openBatch(JSON.parse(process.argv[2] ?? '') as LoadOrder)
const started = await batch.operator.startByName('load', { run: 'a' })
const { execution, error } = await started.ended
await batch.close()
console.log(execution.status, error ?? '')
