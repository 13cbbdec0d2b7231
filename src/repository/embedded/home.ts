/** Where everything of one embedded Postgres lies: the cluster, its log, its lock and the list of its users. */

import { join } from 'node:path'

export interface Home {
  readonly root: string
  /** The cluster (PGDATA). It exists only when it is complete. */
  readonly data: string
  readonly log: string
  /** Held while anybody changes what is running or lying here. */
  readonly lock: string
  /** One file for each open handle, named after the process that holds it. */
  readonly users: string
  /** The pid of the process that stops the server when its last user has died. */
  readonly watcher: string
  /** Only where Unix sockets cannot be had. */
  readonly password: string
  /** Names of shared libraries that the package lacks when its install script was not run. */
  readonly libraryLinks: string
}

export function homeAt(root: string): Home {
  return {
    root,
    data: join(root, 'data'),
    log: join(root, 'server.log'),
    lock: join(root, 'lock'),
    users: join(root, 'users'),
    watcher: join(root, 'watcher.pid'),
    password: join(root, 'password'),
    libraryLinks: join(root, 'library-links'),
  }
}
