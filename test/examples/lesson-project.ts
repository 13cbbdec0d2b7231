/** The lessons as their reader runs them: by the command, on a database of their own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import pg from 'pg'
import { emptyTestDatabase } from '../embedded-postgres.ts'

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

export interface LessonProject {
  readonly batchwright: (...args: readonly string[]) => Ended
  /** Without waiting for its end. */
  readonly begin: (...args: readonly string[]) => ChildProcess
  readonly rowOf: (sql: string) => Promise<unknown>
  readonly close: () => Promise<void>
}

/** `environment` is added to that of the command. The database has no tables yet. */
export async function openLessonProject(
  name: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<LessonProject> {
  const database = await emptyTestDatabase()
  await database.pool.query(`drop database if exists ${name}`)
  await database.pool.query(`create database ${name}`)
  const { host = '', port, user } = database.connection
  const url = `postgres://${user}@/${name}?host=${encodeURIComponent(host)}&port=${port}`
  const pool = new pg.Pool({ ...database.connection, database: name })
  pool.on('error', () => {})
  const env = { ...process.env, ...environment, DATABASE_URL: url }
  const command = (args: readonly string[]): readonly string[] => ['dist/src/cli/bin.js', ...args]
  return {
    batchwright: (...args) => {
      const ended = spawnSync(process.execPath, command(args), { env, encoding: 'utf8' })
      return { code: ended.status, signal: ended.signal, out: ended.stdout, err: ended.stderr }
    },
    begin: (...args) => spawn(process.execPath, command(args), { env, stdio: ['ignore', 'pipe', 'pipe'] }),
    rowOf: async (sql) => (await pool.query<Record<string, unknown>>(sql)).rows[0],
    close: async () => {
      await pool.end()
      await database.pool.query(`drop database ${name} with (force)`)
      await database.close()
    },
  }
}
