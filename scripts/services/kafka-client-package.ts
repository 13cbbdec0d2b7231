/** Gets the package of the Kafka client with its binary, and keeps what is needed to load it. */

import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { lastLines, type ProgramEnd, runProgram } from './run-program.ts'
import { ServicesUnavailable } from './services-unavailable.ts'

export const KAFKA_CLIENT = '@confluentinc/kafka-javascript'
export const KAFKA_CLIENT_VERSION = '1.10.1'

const PREBUILT_PATIENCE_MS = 120_000

/** Some 18 of 290 MB. The libraries stand where the binary looks for them. */
const KEPT_FILES = [
  /^package\.json$/,
  /^LICENSE[^/]*$/,
  /^[^/]+\.(?:js|d\.ts)$/,
  /^(?:lib|types)\/.+$/,
  /^build\/Release\/[^/]+\.(?:node|so[.\d]*|dylib)$/,
  /^build\/deps\/[^/]+\.(?:so[.\d]*|dylib)$/,
]

/** What the package itself loads; the rest of its dependencies builds it. */
const KEPT_PACKAGES = ['bindings', 'file-uri-to-path']

/** By default npm asks a network that is not there for more than a minute. */
const IMPATIENT = ['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000']

/** Our own scripts, since npm may be told to run none of a package. They find npm's compiler driver in their path. */
const PROJECT = {
  private: true,
  scripts: {
    prebuilt: `cd node_modules/${KAFKA_CLIENT} && node-pre-gyp install`,
    source: `cd node_modules/${KAFKA_CLIENT} && node-pre-gyp install --build-from-source`,
  },
}

/** False where no prebuilt binary can be had for this platform, or from here; the folder is not filled then. */
export async function fetchPrebuilt(folder: string, signal?: AbortSignal): Promise<boolean> {
  const project = await unpack(folder, signal)
  process.stderr.write(`Fetching ${KAFKA_CLIENT} ${KAFKA_CLIENT_VERSION} …\n`)
  const { exitCode } = await npm(project, ['run', 'prebuilt'], { timeoutMs: PREBUILT_PATIENCE_MS, signal })
  if (exitCode !== 0) return false
  await keepWhatLoads(project, folder)
  return true
}

/** Throws ServicesUnavailable with the end of the compiler's output. Takes a minute or two. */
export async function buildFromSource(folder: string, signal?: AbortSignal): Promise<true> {
  const project = await unpack(folder, signal)
  process.stderr.write(`Building ${KAFKA_CLIENT} ${KAFKA_CLIENT_VERSION} from source, a minute or two …\n`)
  const { exitCode, output } = await npm(project, ['run', 'source'], { signal })
  if (exitCode !== 0) throw await buildFailed(output)
  await keepWhatLoads(project, folder)
  return true
}

/** The compiler's complaint stands far above the end of the output. */
async function buildFailed(output: string): Promise<Error> {
  const log = join(tmpdir(), 'batchwright-kafka-client-build.log')
  await writeFile(log, output)
  const complaints = output.split('\n').filter((line) => /\berror:|fatal error|\*\*\*/.test(line))
  return new ServicesUnavailable(
    `${KAFKA_CLIENT} could not be built:\n${complaints.slice(0, 10).join('\n')}\n${lastLines(output, 5)}\n` +
      `All of the build's output is in ${log}.`,
  )
}

/** Without running any script of the package. */
async function unpack(folder: string, signal?: AbortSignal): Promise<string> {
  const project = join(folder, 'project')
  await mkdir(project)
  await writeFile(join(project, 'package.json'), JSON.stringify(PROJECT))
  const wanted = `${KAFKA_CLIENT}@${KAFKA_CLIENT_VERSION}`
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', ...IMPATIENT]
  const { exitCode, output } = await npm(project, ['install', ...options, wanted], { signal })
  if (exitCode === 0) return project
  throw new ServicesUnavailable(
    `npm could not fetch ${wanted}:\n${lastLines(output)}\n` +
      'It needs the npm registry once; after that the package is taken from the cache.',
  )
}

async function npm(
  project: string,
  args: readonly string[],
  options: { readonly timeoutMs?: number; readonly signal?: AbortSignal | undefined },
): Promise<ProgramEnd> {
  return runProgram(['npm', '--prefix', project, ...args], {
    ...options,
    cwd: project,
    // The build fails when its parts are made in parallel.
    environment: { ...process.env, ...(await nodeHeaders()), CKJS_LINKING: 'dynamic', JOBS: '1' },
  })
}

/** Those that came with Node, where they did: otherwise they would be downloaded. */
async function nodeHeaders(): Promise<NodeJS.ProcessEnv> {
  const prefix = dirname(dirname(await realpath(process.execPath)))
  return existsSync(join(prefix, 'include', 'node', 'node.h')) ? { npm_config_nodedir: prefix } : {}
}

async function keepWhatLoads(project: string, folder: string): Promise<void> {
  const from = join(project, 'node_modules')
  const to = join(folder, 'node_modules')
  for (const name of KEPT_PACKAGES) await cp(join(from, name), join(to, name), { recursive: true })
  const files = await readdir(join(from, KAFKA_CLIENT), { recursive: true })
  for (const file of files.filter((one) => KEPT_FILES.some((kept) => kept.test(one)))) {
    await cp(join(from, KAFKA_CLIENT, file), join(to, KAFKA_CLIENT, file), {
      recursive: true,
      verbatimSymlinks: true, // A library's names lead to one file beside them.
    })
  }
  await rm(project, { recursive: true })
}
