/** The driver, loaded when it is needed first: nobody has to install it who does not talk to Cassandra. */
import type * as CassandraDriver from 'cassandra-driver'
import { BatchError } from '../../core/model/batch-error.ts'

export type Driver = typeof CassandraDriver

/** @throws BatchError OPTIONAL_PACKAGE_MISSING */
export async function loadDriver(): Promise<Driver> {
  try {
    // The package is CommonJS: its names are those of the default export.
    return (await import('cassandra-driver')).default as unknown as Driver
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new BatchError(
      'OPTIONAL_PACKAGE_MISSING',
      'Talking to Cassandra needs the package cassandra-driver, which is not installed here: npm install cassandra-driver@4',
      { details: { package: 'cassandra-driver' }, cause },
    )
  }
}
