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

const CONFIG_NAMES: readonly string[] = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'].map(
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
  if (config !== undefined && path !== undefined) return listed(path, 'jobs', config.jobs, isJob, 'defineJob')
  throw invalid(
    'No jobs are named: there is no batchwright.config.ts in this folder or above it. ' +
      'Make one (export default defineConfig({ jobs: [ … ] })), or name a file that exports jobs: --jobs jobs.ts',
    {},
  )
}

async function schedulesOfConfig(
  config: BatchwrightConfig | undefined,
  path: string | undefined,
): Promise<readonly ScheduleDefinition[]> {
  if (config?.schedules === undefined || path === undefined) return []
  return listed(path, 'schedules', config.schedules, isSchedule, 'defineSchedule')
}

/** What a config has under `key`: a list, or a function that makes one. */
async function listed<T>(
  path: string,
  key: string,
  given: unknown,
  isOne: (value: unknown) => value is T,
  maker: string,
): Promise<readonly T[]> {
  const list: unknown = typeof given === 'function' ? await given() : given
  if (Array.isArray(list) && list.every(isOne)) return list
  throw invalid(
    `${path}: ${key} must be a list of what ${maker} returns. ` +
      'An undefined in it is most often an import of a name that the file does not export.',
    { file: path },
  )
}

function jobsOfFiles(files: readonly string[]): Promise<readonly AnyJob[]> {
  return exportedBy(files, isJob, (file) => {
    throw invalid(`${file} exports no job: export default defineJob({ … }), or export const name = …`, {
      file,
    })
  })
}

function schedulesOfFiles(files: readonly string[]): Promise<readonly ScheduleDefinition[]> {
  return exportedBy(files, isSchedule, () => {})
}

/** Also what stands in a list. What is exported twice, by name and as default, counts once. */
async function exportedBy<T>(
  files: readonly string[],
  isOne: (value: unknown) => value is T,
  foundNone: (file: string) => void,
): Promise<readonly T[]> {
  const all = new Set<T>()
  for (const file of files) {
    const exported = await loadModule(file)
    const found = [exported, ...Object.values(exported)].flat().filter(isOne)
    if (found.length === 0) foundNone(file)
    for (const one of found) all.add(one)
  }
  return [...all]
}

function isSchedule(value: unknown): value is ScheduleDefinition {
  return isOfKind(value, 'schedule')
}

function isJob(value: unknown): value is AnyJob {
  return isOfKind(value, 'job') && 'steps' in value
}

function isOfKind(value: unknown, kind: string): value is { readonly kind: string } {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind
}

function invalid(message: string, details: Readonly<Record<string, unknown>>): BatchError {
  return new BatchError('INVALID_CONFIGURATION', message, { details })
}
