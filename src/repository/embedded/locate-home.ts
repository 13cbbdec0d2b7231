/** Finds the home of a project's embedded Postgres: its own folder, or for root a recorded one in the system. */

import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { homeAt, type Home } from './home.ts'
import { postgresUnavailable } from './postgres-unavailable.ts'
import { accountFor, canReach, isRoot, type ServerAccount } from './server-account.ts'
import { systemFolder } from './system-folder.ts'

export interface LocatedHome {
  /** The project's folder, with links resolved. */
  readonly directory: string
  readonly home: Home
  readonly account: ServerAccount | undefined
}

/** Makes the folders when needed. Where the home is not the folder itself, `recordHome` must follow its creation. */
export function locateHome(wanted: string): LocatedHome {
  makeFolder(wanted)
  // Two processes may come through different links; all must agree on the paths, which tell whose server one is.
  const directory = realpathSync(wanted)
  const gitignore = join(directory, '.gitignore')
  if (!existsSync(gitignore)) writeFileSync(gitignore, '*\n')
  const home = homeAt(chooseRoot(directory))
  makeFolder(home.users)
  return { directory, home, account: accountFor(existsSync(home.data) ? home.data : home.root) }
}

/** Notes in the project where its data lies. Done when the cluster exists, so that a record without data means loss. */
export function recordHome({ directory, home }: LocatedHome): void {
  if (home.root === directory) return
  const file = recordFile(directory)
  const text = `${JSON.stringify({ directory, home: home.root }, undefined, 2)}\n`
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return
  // Others read it without the lock, which lies in the home that it tells.
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}

function chooseRoot(directory: string): string {
  const recorded = recordedRoot(directory)
  if (recorded !== undefined) return recorded
  // Data that lies in the project stays the project's, whatever became of the permissions above it.
  if (!isRoot() || existsSync(homeAt(directory).data) || canReach(accountFor(directory), directory))
    return directory
  const key = createHash('sha256').update(directory).digest('hex').slice(0, 16)
  const root = join(systemFolder(), key)
  mkdirSync(root, { recursive: true })
  chmodSync(root, 0o755)
  return root
}

/** A project that was moved takes its record along and keeps its data; a copy of one gets data of its own. */
function recordedRoot(directory: string): string | undefined {
  const file = recordFile(directory)
  if (!existsSync(file)) return undefined
  const record = JSON.parse(readFileSync(file, 'utf8')) as { directory: string; home: string }
  if (record.directory !== directory && existsSync(record.directory)) return undefined
  if (existsSync(homeAt(record.home).data)) return record.home
  throw postgresUnavailable(
    `The data of ${directory} is recorded to lie in ${record.home}, but there is none. ` +
      `Bring it back, or delete ${file} to start with an empty database.`,
    { directory, home: record.home, record: file },
  )
}

function recordFile(directory: string): string {
  return join(directory, 'location.json')
}

/** As mkdir -p; root gives new folders the owner of the folder around them, who can then go on without root. */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path))
  mkdirSync(path, { recursive: true })
  if (!isRoot()) return
  const around = statSync(dirname(path))
  chownSync(path, around.uid, around.gid)
}
