/** Loads the user's config and job files, TypeScript or JavaScript, without a build step of theirs. */
import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { BatchError } from '../core/model/batch-error.ts'
import { authorsPlace } from './authors-place.ts'

/**
 * The exports of a file. Packages that it imports are loaded by Node itself, so that `batchwright` and `zod` exist once
 * in the process; see `docs/decisions/0002-typescript-loader.md`.
 * @throws BatchError INVALID_CONFIGURATION naming file, line and reason
 */
export async function loadModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await importCached(path)
  } catch (error) {
    throw new BatchError('INVALID_CONFIGURATION', describeLoadError(path, error), {
      cause: error,
      details: { file: path },
    })
  }
}

async function importCached(path: string): Promise<Readonly<Record<string, unknown>>> {
  const folder = cacheFolder(path)
  try {
    return await importFile(path, folder)
  } catch (error) {
    if (folder === undefined || !isAbout(error, folder)) throw error
    return importFile(path, undefined)
  }
}

async function importFile(
  path: string,
  cache: string | undefined,
): Promise<Readonly<Record<string, unknown>>> {
  const { createJiti } = await import('jiti')
  // Interop by proxies would make every use of an imported name a hundred times slower, in the processors too.
  const jiti = createJiti(path, { fsCache: cache ?? false, interopDefault: false })
  const exported = await jiti.import<unknown>(path)
  return typeof exported === 'object' && exported !== null
    ? (exported as Record<string, unknown>)
    : { default: exported }
}

/** Never the system's temporary folder, where another user could leave code for us; none without a node_modules. */
function cacheFolder(path: string): string | undefined {
  const folder = dirname(path)
  const modules = join(folder, 'node_modules')
  if (existsSync(modules)) return join(modules, '.cache', 'batchwright')
  return folder === dirname(folder) ? undefined : cacheFolder(folder)
}

/** A cache that cannot be written, such as files that root has left in it, must not stand in the way. */
function isAbout(error: unknown, folder: string): boolean {
  const path = (error as { readonly path?: unknown } | null | undefined)?.path // anything can be thrown
  return typeof path === 'string' && path.startsWith(folder)
}

function describeLoadError(path: string, error: unknown): string {
  const shown = relative(process.cwd(), path) || path
  if (!(error instanceof Error)) return `${shown} could not be loaded: ${String(error)}`
  const place = placeOf(error) ?? path
  const reason = error.message
    .replace(/^ParseError: /, '')
    .replace(/\s*\n\s*(Require stack:|\/|[A-Z]:\\)[\s\S]*$/, '')
  const name = error.name === 'Error' || error.name === 'BatchError' ? '' : `${error.name}: `
  return `${shown} could not be loaded: ${name}${reason}\n  at ${place}`
}

/** `file:line:column` of the user's own line: from the parser's message, from the file that required, or the stack. */
function placeOf(error: Error): string | undefined {
  const parsed = /\n\s*(\S.*:\d+:\d+)\s*$/.exec(error.message)?.[1]
  const requiredBy = /Require stack:\n- (.+)/.exec(error.message)?.[1]
  return parsed ?? requiredBy ?? authorsPlace(error)
}
