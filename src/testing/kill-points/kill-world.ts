/** Where a job is killed and restarted: a job repository that outlives the process. */
import type { Clock } from '../../core/ports/clock.ts'
import type { JobRepository } from '../../core/ports/job-repository.ts'
import { memoryRepository } from '../../repository/memory/memory-repository.ts'

export type Close = () => Promise<void>

export interface KillWorld {
  /** As nothing had ever run. */
  readonly renew: () => Promise<void>
  /** A process begins. */
  readonly connect: () => Promise<Connected>
}

export interface Connected {
  readonly repository: JobRepository
  /** What the system does when the process is gone: its transactions are rolled back, its connections closed. */
  readonly disconnect: (sessions: readonly Close[]) => Promise<void>
}

/** A process that is killed leaves nothing here: what it has not committed is in nobody's memory. */
export function memoryWorld(clock: Pick<Clock, 'now'>): KillWorld {
  let repository = memoryRepository({ clock })
  return {
    renew: async () => {
      repository = memoryRepository({ clock })
    },
    connect: async () => ({ repository, disconnect: closeAll }),
  }
}

/** Whatever fails in it: the process is dead, and nobody is there to be told. */
export async function closeAll(left: readonly Close[]): Promise<void> {
  await Promise.allSettled(left.map(async (close) => close()))
}
