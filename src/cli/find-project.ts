/** The project that a command works for: its folder, its config, and its jobs. */
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { AnyJob } from '../create-batch.ts'
import { BatchError } from '../core/model/batch-error.ts'
import { configFaults } from './check-config.ts'
import type { BatchwrightConfig } from './config.ts'
import type { ScheduleDefinition } from '../scheduling/define-schedule.ts'
import { loadModule } from '../process/load-modules.ts'

export interface Project {
  /** Of the config; without one the nearest folder with a package.json, else the working folder. */
  readonly folder: string
  readonly config: BatchwrightConfig
  /** Null where none was found. */
  readonly configFile: string | null
  /** False where neither a config nor a file of jobs was found. */
  readonly namesJobs: boolean
  /** @throws BatchError INVALID_CONFIGURATION */
  readonly jobs: () => Promise<readonly AnyJob[]>
  /** @throws BatchError INVALID_CONFIGURATION */
  readonly schedules: () => Promise<readonly ScheduleDefinition[]>
}

export interface ProjectOptions {
  readonly config?: string
  /** Files whose exported jobs and schedules are taken instead of the config's. */
  readonly jobs?: readonly string[]
}

export const CONFIG_NAMES: readonly string[] = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'].map(
  (end) => `batchwright.config.${end}`,
)

/** @throws BatchError INVALID_CONFIGURATION when a file is missing, cannot be loaded, or says what we do not know. */
export async function findProject(options: ProjectOptions, cwd: string): Promise<Project> {
  const path = options.config === undefined ? findUpward(cwd, CONFIG_NAMES) : existing(cwd, options.config)
  const files = (options.jobs ?? []).map((file) => existing(cwd, file))
  const config = path === undefined ? undefined : checkConfig(path, await loadModule(path))
  const folder = dirname(path ?? findUpward(cwd, ['package.json']) ?? join(cwd, 'package.json'))
  return {
    folder,
    config: config ?? { jobs: [] },
    configFile: path ?? null,
    namesJobs: files.length > 0 || config !== undefined,
    jobs: () => (files.length > 0 ? jobsOfFiles(files) : jobsOfConfig(config, path)),
    schedules: () => (files.length > 0 ? schedulesOfFiles(files) : schedulesOfConfig(config, path)),
  }
}

function existing(cwd: string, file: string): string {
  const path = resolve(cwd, file)
  if (existsSync(path)) return path
  throw invalid(`There is no file ${path}.`, { file: path })
}

function findUpward(folder: string, names: readonly string[]): string | undefined {
  const found = names.map((name) => join(folder, name)).find((path) => existsSync(path))
  if (found !== undefined || folder === dirname(folder)) return found
  return findUpward(dirname(folder), names)
}

/** The compiler checks a config written with `defineConfig`; this is for those that it does not see. */
function checkConfig(path: string, exported: Readonly<Record<string, unknown>>): BatchwrightConfig {
  const config = exported['default'] ?? exported
  if (typeof config !== 'object' || config === null || !('jobs' in config))
    throw invalid(`${path} must export its config: export default defineConfig({ jobs: [ … ] })`, {
      file: path,
    })
  const faults = configFaults(config, exported['default'] !== config)
  if (faults.length > 0) {
    throw invalid(`${path} is not valid.${faults.map((fault) => `\n  ${fault}`).join('')}`, {
      file: path,
      faults,
    })
  }
  return config as BatchwrightConfig
}

async function jobsOfConfig(
  config: BatchwrightConfig | undefined,
  path: string | undefined,
): Promise<readonly AnyJob[]> {
  if (config === undefined || path === undefined) {
    throw invalid(
      'No jobs are named: there is no batchwright.config.ts in this folder or above it. ' +
        'Make one (export default defineConfig({ jobs: [ … ] })), or name a file that exports jobs: --jobs jobs.ts',
      {},
    )
  }
  const jobs: unknown = typeof config.jobs === 'function' ? await config.jobs() : config.jobs
  if (Array.isArray(jobs) && jobs.every(isJob)) return jobs
  throw invalid(
    `${path}: jobs must be a list of what defineJob returns. ` +
      'An undefined in it is most often an import of a name that the file does not export.',
    { file: path },
  )
}

/** A job that is exported twice, by name and as default, counts once. */
async function jobsOfFiles(files: readonly string[]): Promise<readonly AnyJob[]> {
  const jobs = new Set<AnyJob>()
  for (const file of files) {
    const exported = await loadModule(file)
    const found = [exported, ...Object.values(exported)].flat().filter(isJob)
    if (found.length === 0)
      throw invalid(`${file} exports no job: export default defineJob({ … }), or export const name = …`, {
        file,
      })
    for (const job of found) jobs.add(job)
  }
  return [...jobs]
}

async function schedulesOfConfig(
  config: BatchwrightConfig | undefined,
  path: string | undefined,
): Promise<readonly ScheduleDefinition[]> {
  const given = config?.schedules ?? []
  const schedules: unknown = typeof given === 'function' ? await given() : given
  if (Array.isArray(schedules) && schedules.every(isSchedule)) return schedules
  throw invalid(
    `${path}: schedules must be a list of what defineSchedule returns. ` +
      'An undefined in it is most often an import of a name that the file does not export.',
    { file: path },
  )
}

async function schedulesOfFiles(files: readonly string[]): Promise<readonly ScheduleDefinition[]> {
  const schedules = new Set<ScheduleDefinition>()
  for (const file of files) {
    const exported = await loadModule(file)
    for (const one of [exported, ...Object.values(exported)].flat()) if (isSchedule(one)) schedules.add(one)
  }
  return [...schedules]
}

function isSchedule(value: unknown): value is ScheduleDefinition {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'schedule'
}

function isJob(value: unknown): value is AnyJob {
  return (
    typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'job' && 'steps' in value
  )
}

function invalid(message: string, details: Readonly<Record<string, unknown>>): BatchError {
  return new BatchError('INVALID_CONFIGURATION', message, { details })
}
