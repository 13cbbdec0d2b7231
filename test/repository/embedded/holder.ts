/** A program that opens the embedded Postgres of its argument, tells its parent, and holds it until told to close. */

import { startEmbeddedPostgres } from '../../../src/repository/embedded/index.ts'

const startedAt = performance.now()
try {
  const postgres = await startEmbeddedPostgres({ directory: process.argv[2] ?? '' })
  const { connection, directory } = postgres
  process.send?.({ connection, directory, took: performance.now() - startedAt })
  process.once('disconnect', () => process.exit())
  process.once('message', () => void postgres.close().then(() => process.disconnect()))
} catch (error) {
  process.send?.({ error: String(error) })
  process.disconnect()
}
