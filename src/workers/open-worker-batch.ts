/** Makes the batch of a process of ours by the function that the project has named. */
import { fileURLToPath, pathToFileURL } from 'node:url'
import { BatchError } from '../core/model/batch-error.ts'
import type { JobOperator } from '../core/operator/job-operator.ts'
import type { JobRepository } from '../core/ports/job-repository.ts'
import type { Logger } from '../core/ports/logger.ts'
import type { Tracing } from '../core/ports/tracing.ts'
import { loadModule } from '../process/load-modules.ts'
import type { ModulePlace } from './module-place.ts'

/** What `createBatch` answers, as far as a worker needs it. */
export interface WorkerBatch extends AsyncDisposable {
  readonly operator: Pick<JobOperator, 'findJob'>
  readonly repository: JobRepository
  readonly logger: Logger
  readonly tracing?: Tracing
}

/** @throws BatchError INVALID_CONFIGURATION naming the module, and what is wrong with it */
export function openWorkerBatch(place: ModulePlace): Promise<WorkerBatch> {
  return openNamedBatch(place, isWorkerBatch)
}

/** The same for a process that needs more of it, and hands the function more. @throws BatchError INVALID_CONFIGURATION */
export async function openNamedBatch<T>(
  place: ModulePlace,
  isBatch: (value: unknown) => value is T,
  ...more: readonly unknown[]
): Promise<T> {
  const path = place.module.startsWith('file:') ? fileURLToPath(place.module) : place.module
  const exported = await exportsOf(path)
  const open = exported[place.export]
  if (typeof open !== 'function')
    throw invalid(path, place, `exports no function ${place.export} that makes the batch with createBatch`)
  const batch: unknown = await (open as (...given: readonly unknown[]) => unknown)(place.argument, ...more)
  if (isBatch(batch)) return batch
  throw invalid(path, place, `exports ${place.export}, which must answer what createBatch does`)
}

/** JavaScript is Node's own business, and what it imports exists once; TypeScript needs the loader. */
function exportsOf(path: string): Promise<Readonly<Record<string, unknown>>> {
  return /\.[cm]?js$/.test(path)
    ? (import(pathToFileURL(path).href) as Promise<Record<string, unknown>>)
    : loadModule(path)
}

function isWorkerBatch(value: unknown): value is WorkerBatch {
  return typeof value === 'object' && value !== null && 'operator' in value && 'repository' in value
}

function invalid(path: string, { export: name }: ModulePlace, fault: string): BatchError {
  return new BatchError('INVALID_CONFIGURATION', `The worker module ${path} ${fault}.`, {
    details: { module: path, export: name },
  })
}
