/** How far the server's clock is from this process's. */
import { initialize, metadataSource } from './connect.ts'
import { type PostgresRepositoryOptions, repositoryAddress } from './repository-options.ts'

export interface ServerClock {
  /** `16.4` */
  readonly serverVersion: string
  /** Positive where the server is ahead. True to half of the round trip. */
  readonly aheadMilliseconds: number
  readonly roundTripMilliseconds: number
}

/** @throws BatchError REPOSITORY_UNAVAILABLE */
export async function serverClock(options: PostgresRepositoryOptions): Promise<ServerClock> {
  const address = repositoryAddress(options)
  const source = metadataSource(options, address, {})
  await initialize([source], address)
  try {
    const sent = Date.now()
    const [row] = await source.query<{ now: number; version: string }[]>(
      `select (extract(epoch from clock_timestamp()) * 1000)::float8 as now, current_setting('server_version') as version`,
    )
    const received = Date.now()
    const { now, version } = row ?? { now: received, version: 'unknown' }
    return {
      serverVersion: version,
      aheadMilliseconds: Math.round(now - (sent + received) / 2),
      roundTripMilliseconds: received - sent,
    }
  } finally {
    await source.destroy()
  }
}
