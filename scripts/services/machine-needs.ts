/** What the machine must have, and the Debian packages that bring it. */

import { spawnSync } from 'node:child_process'
import { ServicesUnavailable } from './services-unavailable.ts'

export interface MachineNeed {
  readonly name: string
  readonly debianPackage: string
  /** What is wrong, or undefined when it is there. */
  readonly problem: () => string | undefined
}

const OLDEST_JAVA = 17

/** `JAVA_HOME` comes before the search path, as in Java's own programs. */
export function javaProgram(environment: NodeJS.ProcessEnv = process.env): string {
  const home = environment['JAVA_HOME'] ?? ''
  return home === '' ? 'java' : `${home}/bin/java`
}

/** The major version in what `java -version` says: 17 for `version "17.0.15"`, 8 for `version "1.8.0_452"`. */
export function javaMajor(said: string): number | undefined {
  const version = /version "(?:1\.)?(\d+)/.exec(said)?.[1]
  return version === undefined ? undefined : Number(version)
}

export const JAVA: MachineNeed = {
  name: `java ${OLDEST_JAVA} or newer`,
  debianPackage: 'default-jre-headless',
  problem: () => {
    const { error, stdout, stderr } = spawnSync(javaProgram(), ['-version'], { encoding: 'utf8' })
    if (error !== undefined) return `${javaProgram()} cannot be run`
    const major = javaMajor(`${stderr}${stdout}`)
    if (major === undefined) return `${javaProgram()} does not tell its version`
    return major >= OLDEST_JAVA ? undefined : `${javaProgram()} is Java ${major}`
  },
}

export const MAVEN: MachineNeed = program('mvn', 'maven')

/** For building the Kafka client. */
export const BUILD_NEEDS: readonly MachineNeed[] = [
  program('g++', 'g++'),
  program('make', 'make'),
  program('python3', 'python3'),
  header('openssl/ssl.h', 'libssl-dev'),
  header('zlib.h', 'zlib1g-dev'),
  header('zstd.h', 'libzstd-dev'),
]

/** For the tools that are written in Python. */
export const PYTHON_NEEDS: readonly MachineNeed[] = [
  {
    name: 'python3 with venv',
    debianPackage: 'python3-venv',
    problem: () => problemOfRun('python3', ['-c', 'import venv, ensurepip']),
  },
]

/** For trying out what docs/schedulers says. */
export const SCHEDULER_NEEDS = {
  cron: {
    name: 'cron',
    debianPackage: 'cron',
    // It has no option that says who it is, and would begin its work.
    problem: () =>
      problemOfRun('sh', ['-c', 'PATH="$PATH:/usr/sbin"; command -v cron']) && 'cron is not there',
  },
  curl: program('curl', 'curl'),
  systemd: program('systemd-analyze', 'systemd'),
} as const satisfies Record<string, MachineNeed>

export function missingOf(needs: readonly MachineNeed[]): readonly MachineNeed[] {
  return needs.filter(({ problem }) => problem() !== undefined)
}

/** Throws ServicesUnavailable, which names all that is missing at once, and one command that brings it. */
export function requireOnMachine(needs: readonly MachineNeed[]): void {
  const missing = missingOf(needs)
  if (missing.length === 0) return
  const lines = missing.map((need) => `  ${need.name} (${need.problem()})`)
  throw new ServicesUnavailable(
    `This machine lacks\n${lines.join('\n')}\nOn Debian and Ubuntu:\n  ${installCommand(missing)}`,
  )
}

function installCommand(missing: readonly MachineNeed[]): string {
  const packages = missing.map(({ debianPackage }) => debianPackage)
  return `apt-get update && apt-get install --no-install-recommends ${packages.join(' ')}`
}

function program(name: string, debianPackage: string): MachineNeed {
  return { name, debianPackage, problem: () => problemOfRun(name, ['--version']) }
}

function problemOfRun(name: string, args: readonly string[]): string | undefined {
  const { error, status } = spawnSync(name, args, { stdio: 'ignore' })
  if (error !== undefined) return `${name} cannot be run`
  return status === 0 ? undefined : `${[name, ...args].join(' ')} ends with ${status}`
}

/** Asked of the compiler, which knows where this system keeps its headers. */
function header(name: string, debianPackage: string): MachineNeed {
  const problem = (): string | undefined => {
    const { status } = spawnSync('g++', ['-fsyntax-only', '-x', 'c++', '-'], {
      input: `#include <${name}>\n`,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    return status === 0 ? undefined : `the compiler does not find <${name}>`
  }
  return { name, debianPackage, problem }
}
