/** One path in a process of its own, to be killed. Prints a line when it has started, and one a commit. */
import { pathBatch, pathJob, type PathName } from './paths.ts'
import type { PathWorld } from './world.ts'

const [name, order = ''] = process.argv.slice(2)
const world = JSON.parse(order) as PathWorld
const job = pathJob(name as PathName, world)
await using batch = await pathBatch(job, world)
const observer = {
  stepProgressed: ({ commitCount }: { readonly commitCount: number }) =>
    console.log(`committed ${commitCount}`),
}
const started = await batch.operator.start(job, { run: world.run }, { observer })
console.log('started')
const { execution, error } = await started.ended
console.log(execution.status)
if (execution.status !== 'COMPLETED') {
  console.error(String(error))
  process.exitCode = 1
}
