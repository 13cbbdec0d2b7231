/** A folder for one suite, removed when the suite has ended. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TemporaryFolder {
  readonly path: (name: string) => string
  /** Writes a file and gives its path. */
  readonly file: (name: string, content: string | Uint8Array) => Promise<string>
}

export function temporaryFolder(): TemporaryFolder {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'batchwright-files-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))
  const path = (name: string): string => join(folder, name)
  return {
    path,
    file: async (name, content) => {
      await writeFile(path(name), content)
      return path(name)
    },
  }
}
