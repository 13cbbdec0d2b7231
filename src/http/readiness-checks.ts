/** What has to be so that work may be sent here. */
import { isBatchError } from '../core/model/batch-error.ts'
import type { JobRepository } from '../core/ports/job-repository.ts'
import type { Closing } from './closing.ts'
import type { ReadinessCheck } from './http-api-options.ts'

/** `database` and `schema` are told by one statement, however many ask. */
export function readinessChecks(
  { checkTables }: Pick<JobRepository, 'checkTables'>,
  closing: Closing,
): ReadinessCheck[] {
  let underWay: Promise<void> | undefined
  const tables = (): Promise<void> => (underWay ??= checkTables().finally(() => (underWay = undefined)))
  return [
    {
      name: 'database',
      check: () =>
        tables().catch((error: unknown) => {
          if (!isOfSchema(error)) throw error
        }),
    },
    { name: 'schema', check: tables },
    {
      name: 'notEnding',
      check: async () => {
        if (closing.isClosing()) throw new Error('the server is ending')
      },
    },
  ]
}

/** Whoever says so was reached. */
function isOfSchema(error: unknown): boolean {
  return isBatchError(error, 'SCHEMA_OUTDATED') || isBatchError(error, 'SCHEMA_REFUSED')
}
