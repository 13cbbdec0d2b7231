/** Which npm package holds the Postgres of this machine, where it lies, and what to say when there is none. */

import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { postgresUnavailable } from './postgres-unavailable.ts'

/** The packages that exist, as `<os>-<cpu>`; all Linux ones are linked against glibc. */
const SUPPORTED = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm',
  'linux-arm64',
  'linux-ia32',
  'linux-ppc64',
  'linux-x64',
  'windows-x64',
] as const

export interface Platform {
  readonly os: string
  readonly cpu: string
  readonly libc: 'glibc' | 'musl' | undefined
}

export interface PlatformPackage {
  readonly name: string
  readonly version: string
  /** The major version of Postgres; a cluster made by another one cannot be opened. */
  readonly major: string
  /** The folder that holds bin, lib and share. */
  readonly native: string
}

/** A name under which programs look for a shared library, and the file that it stands for, both in lib. */
export interface LibraryName {
  readonly name: string
  readonly file: string
}

export function thisPlatform(): Platform {
  const os = process.platform === 'win32' ? 'windows' : process.platform
  return { os, cpu: process.arch, libc: os === 'linux' ? findLibc(process.arch) : undefined }
}

/** Throws EMBEDDED_POSTGRES_UNAVAILABLE, with the remedy, when the platform has no package or it is not installed. */
export function findPlatformPackage(
  platform: Platform,
  resolve: (name: string) => string = createRequire(import.meta.url).resolve,
): PlatformPackage {
  assertSupported(platform)
  const name = `@embedded-postgres/${platform.os}-${platform.cpu}`
  const root = dirname(dirname(resolveInstalled(name, platform, resolve)))
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  return { name, version, major: version.split('.')[0] ?? version, native: join(root, 'native') }
}

/** The names that a tarball cannot carry as symbolic links, and that the package's install script makes. */
export function libraryNames({ native }: PlatformPackage): readonly LibraryName[] {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return []
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly { source: string; target: string }[]
  return links.map(({ source, target }) => ({ name: basename(target), file: basename(source) }))
}

function assertSupported(platform: Platform): void {
  const key = `${platform.os}-${platform.cpu}`
  if (platform.libc === 'musl') {
    throw postgresUnavailable(
      `The embedded Postgres does not run on ${describe(platform)}: its binaries need glibc, which this system ` +
        '(such as Alpine) does not have. Use an image with glibc, such as node:20-slim.',
      { ...platform },
    )
  }
  if ((SUPPORTED as readonly string[]).includes(key)) return
  throw postgresUnavailable(
    `There is no embedded Postgres for ${describe(platform)}; there is one for ${SUPPORTED.join(', ')}. ` +
      'Use one of these platforms.',
    { ...platform, supported: SUPPORTED },
  )
}

function resolveInstalled(name: string, platform: Platform, resolve: (name: string) => string): string {
  try {
    return resolve(name)
  } catch (cause) {
    throw postgresUnavailable(
      `The package ${name}, which holds the embedded Postgres for ${describe(platform)}, is not installed: optional ` +
        'dependencies were left out, or node_modules was installed on another platform. ' +
        'Run "npm install --include=optional" here.',
      { package: name, ...platform },
      cause,
    )
  }
}

function describe({ os, cpu, libc }: Platform): string {
  return `os ${os}, cpu ${cpu}${libc === undefined ? '' : `, libc ${libc}`}`
}

/** By the dynamic loader's well-known path, because process.report takes 13 ms and would be asked at every start. */
function findLibc(cpu: string): 'glibc' | 'musl' {
  const muslName = { x64: 'x86_64', arm64: 'aarch64', ia32: 'i386', arm: 'armhf', ppc64: 'powerpc64le' }[cpu]
  const hasMusl = muslName !== undefined && existsSync(`/lib/ld-musl-${muslName}.so.1`)
  return hasMusl && !hasGlibcLoader() ? 'musl' : 'glibc'
}

/** A glibc system may have musl installed beside it, as Debian's musl-tools does. */
function hasGlibcLoader(): boolean {
  const loaders = [
    'ld-linux-x86-64.so.2',
    'ld-linux-aarch64.so.1',
    'ld-linux.so.2',
    'ld-linux-armhf.so.3',
    'ld64.so.2',
  ]
  return loaders.some((loader) => existsSync(`/lib64/${loader}`) || existsSync(`/lib/${loader}`))
}
