/** The job repository's schema, oldest migration first. A released migration is never edited. */
import type { MigrationInterface } from 'typeorm'
import { SpringBatchTables } from './0001-spring-batch-tables.ts'
import { OwnerTables } from './0002-owner-tables.ts'
import { Indexes } from './0003-indexes.ts'
import { Quarantine } from './0004-quarantine.ts'
import { Definitions } from './0005-definitions.ts'
import { Partitions } from './0006-partitions.ts'
import { OperatorActions } from './0007-operator-actions.ts'
import { Schedules } from './0008-schedules.ts'
import { Launches } from './0009-launches.ts'
import { Events } from './0010-events.ts'
import { StepSamples } from './0011-step-samples.ts'
import { ListIndexes } from './0012-list-indexes.ts'
import { InterruptionsAndBackfills } from './0013-interruptions-and-backfills.ts'
import { WhoResumed } from './0014-who-resumed.ts'
import { FigureIndexes } from './0015-figure-indexes.ts'

export const MIGRATIONS: readonly (new () => MigrationInterface & { readonly name: string })[] = [
  SpringBatchTables,
  OwnerTables,
  Indexes,
  Quarantine,
  Definitions,
  Partitions,
  OperatorActions,
  Schedules,
  Launches,
  Events,
  StepSamples,
  ListIndexes,
  InterruptionsAndBackfills,
  WhoResumed,
  FigureIndexes,
]
