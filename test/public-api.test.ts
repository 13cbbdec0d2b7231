/** What can be imported from each subpath. A name that comes or goes here is a decision: goes, and somebody's code breaks. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'

interface Exports {
  readonly values: readonly string[]
  readonly types: readonly string[]
}

const REVIEWED: Readonly<Record<string, Exports>> = {
  'src/index.ts': {
    values: [
      'BATCH_ERRORS',
      'BATCH_STATUSES',
      'BatchError',
      'createBatch',
      'defineConfig',
      'defineJob',
      'drawFlow',
      'exitStatus',
      'filePartitions',
      'FILTERED',
      'isBatchError',
      'isTransient',
      'jobKey',
      'listPartitions',
      'memoryRepository',
      'nonIdentifying',
      'parametersJsonSchema',
      'rangePartitions',
    ],
    types: [
      'AggregateScope',
      'AnyJob',
      'Asking',
      'Backoff',
      'Batch',
      'BatchErrorCode',
      'BatchErrorFacts',
      'BatchOptions',
      'BatchStatus',
      'BatchwrightConfig',
      'ChildJob',
      'ChunkListener',
      'ChunkOptions',
      'ChunkPipeline',
      'ChunkStepDefinition',
      'ChunkStepListener',
      'ChunkView',
      'ContextDraft',
      'ContextValue',
      'Decider',
      'DecisionScope',
      'DryRunOptions',
      'DryRunReport',
      'DryRunStep',
      'EntryRedrive',
      'ErrorClass',
      'ErrorMatch',
      'ExecutionContext',
      'ExecutionFilter',
      'ExecutionOperations',
      'ExecutionOwner',
      'ExecutionQuarantine',
      'ExitStatus',
      'FaultPhase',
      'FileSelection',
      'Filtered',
      'Flow',
      'FlowEnding',
      'FlowFactory',
      'FlowPart',
      'FlowTarget',
      'FlowTransitions',
      'Guarantee',
      'InstanceFilter',
      'ItemListener',
      'ItemReader',
      'ItemWriter',
      'JavaValue',
      'JobDefinition',
      'JobExecution',
      'JobExecutionDetails',
      'JobInstance',
      'JobListener',
      'JobOperator',
      'JobOptions',
      'JobParameter',
      'JobParameters',
      'JobRepository',
      'JobScope',
      'JobStepDefinition',
      'JobStepOptions',
      'JsonValue',
      'KeepRecovering',
      'KeyRange',
      'ListenerScope',
      'Logger',
      'LogLevel',
      'MemoryRepositoryOptions',
      'OperatorAction',
      'OwnerIdentity',
      'Partition',
      'PartitionedOptions',
      'PartitionedPipeline',
      'PartitionedStepDefinition',
      'PartitionedStepExplanation',
      'PartitionExecution',
      'PartitionExecutionFilter',
      'PartitionOverview',
      'PartitionResult',
      'Partitions',
      'PartitionScope',
      'Processor',
      'PromotedKeys',
      'QuarantinedError',
      'QuarantinedPayload',
      'QuarantineEntry',
      'QuarantineFilter',
      'QuarantineOperations',
      'QuarantineSelection',
      'RangeSplit',
      'ReaderSource',
      'ReadProgress',
      'ReconciledCounts',
      'Recovering',
      'Recovery',
      'Redrive',
      'RedriveBatch',
      'RedrivePart',
      'RedrivePlan',
      'RepositoryConfig',
      'ResourceKey',
      'Resources',
      'RestartOptions',
      'Retry',
      'RetryListener',
      'RetryPolicy',
      'RunObserver',
      'RunOutcome',
      'SkipListener',
      'SkipPolicy',
      'StandardExitCode',
      'StartedJob',
      'StartedRedrive',
      'StartOptions',
      'StepCounts',
      'StepDefinition',
      'StepExecution',
      'StepExplanation',
      'StepFactory',
      'StepListener',
      'StepOptions',
      'StepReconciliation',
      'Steps',
      'StepScope',
      'StoredContext',
      'Tasklet',
      'TaskletAnswer',
      'TaskletOptions',
      'TaskletScope',
      'TaskletStepDefinition',
      'Transaction',
      'Waiting',
      'WorkerModule',
      'WriterSource',
    ],
  },
  'src/ports.ts': {
    values: ['describePosition', 'failedItems', 'isTransient', 'itemsFailed', 'resourceKey'],
    types: [
      'BatchPart',
      'Beating',
      'BeatListener',
      'Checkpoint',
      'ChunkCommit',
      'ChunkMark',
      'Claim',
      'ClaimedPartition',
      'Clock',
      'CommitAnswer',
      'DefinitionFingerprint',
      'EntryRedrive',
      'ExecutionAtHand',
      'ExecutionContext',
      'ExecutionFilter',
      'FaultPhase',
      'Guarantee',
      'HeartbeatAnswer',
      'InstanceFilter',
      'ItemFailure',
      'ItemReader',
      'ItemSink',
      'ItemWriter',
      'JobEnd',
      'JobRepository',
      'JsonValue',
      'KeptMark',
      'LastInstance',
      'LatestExecution',
      'Launched',
      'LaunchedRedrive',
      'LaunchRequest',
      'LaunchTerms',
      'LaunchVerdict',
      'NextInstance',
      'NextLaunchRequest',
      'OpenedReader',
      'OperatorAction',
      'OwnTransaction',
      'Page',
      'ParsedRecord',
      'ParserScope',
      'Partition',
      'PartitionClaim',
      'PartitionExecutionFilter',
      'PartitionState',
      'PartitionStore',
      'PlanState',
      'PlanTally',
      'Position',
      'PreviousStep',
      'QuarantinedError',
      'QuarantinedItem',
      'QuarantinedPayload',
      'QuarantineEntry',
      'QuarantineFilter',
      'QuarantineSelection',
      'QuarantineStore',
      'QuarantineSummary',
      'ReaderScope',
      'ReadFault',
      'ReadProgress',
      'RecordParser',
      'RedriveBatch',
      'RedrivenEntries',
      'RedriveRequest',
      'RedriveTarget',
      'Rehearsal',
      'ResourceKey',
      'Resources',
      'Retired',
      'Retirement',
      'RetireOutcome',
      'RetireRequest',
      'RetireVerdict',
      'StepBegin',
      'StepEnd',
      'StepFingerprint',
      'StepProgress',
      'StepSession',
      'StoredCheckpoint',
      'Transaction',
      'WriterScope',
      'WriteSummary',
    ],
  },
  'src/testing/index.ts': {
    values: [
      'everyKillPoint',
      'failingReader',
      'failingWriter',
      'fakeClock',
      'itemReaderContract',
      'itemWriterContract',
      'jobRepositoryContract',
      'KILL_MOMENTS',
      'MEMORY_TRANSACTION',
      'memoryTable',
      'recordingWriter',
      'runJob',
      'runStep',
      'slowReader',
      'slowWriter',
      'testBatch',
      'throwAwaySchema',
    ],
    types: [
      'ContractCase',
      'EveryKillPointOptions',
      'FailingReaderOptions',
      'FailingWriterOptions',
      'FailureOptions',
      'FakeClock',
      'FakeClockOptions',
      'ItemReaderSubject',
      'ItemWriterSubject',
      'ItemWriterTraits',
      'JobResult',
      'KillMoment',
      'KillPhase',
      'KillReport',
      'MemoryChange',
      'MemoryTable',
      'MemoryTableOptions',
      'MemoryTransaction',
      'RecordingWriter',
      'RunJobOptions',
      'RunStepOptions',
      'SingleStep',
      'SlowOptions',
      'StepResult',
      'TestBatch',
      'TestBatchOptions',
      'ThrowAwaySchema',
      'ThrowAwaySchemaOptions',
    ],
  },
  'src/postgres/index.ts': {
    values: [
      'copyIn',
      'DATA_SOURCE',
      'ENTITY_MANAGER',
      'entityManager',
      'PG_CLIENT',
      'PG_POOL',
      'pgClient',
      'quoteIdentifier',
    ],
    types: ['PostgresConnection', 'TableName', 'ValueTypes'],
  },
  'src/repository/postgres/index.ts': {
    values: ['migrateRepository', 'postgresRepository', 'repositoryStatus'],
    types: ['MigrationReport', 'PostgresRepositoryOptions', 'SchemaStatus'],
  },
  'src/repository/embedded/index.ts': {
    values: ['startEmbeddedPostgres'],
    types: ['EmbeddedPostgres', 'EmbeddedPostgresConnection', 'EmbeddedPostgresOptions'],
  },
  'src/readers/delimited.ts': {
    values: ['delimitedReader'],
    types: ['DelimitedItem', 'DelimitedReaderOptions'],
  },
  'src/readers/iterable.ts': {
    values: ['iterableReader'],
    types: ['IterableReaderOptions', 'IterableSource'],
  },
  'src/readers/postgres.ts': {
    values: ['postgresReader'],
    types: ['PostgresReaderOptions', 'PostgresReaderSettings', 'PostgresReaderSource'],
  },
  'src/writers/classifier.ts': { values: ['classifierWriter'], types: [] },
  'src/writers/composite.ts': { values: ['compositeWriter'], types: [] },
  'src/writers/delimited.ts': {
    values: ['delimitedWriter'],
    types: ['DelimitedColumn', 'DelimitedRow', 'DelimitedWriterOptions'],
  },
  'src/processors/index.ts': {
    values: ['classify', 'composeProcessors', 'filter', 'peek', 'validated'],
    types: ['ValidatedOptions'],
  },
  'src/writers/postgres.ts': {
    values: ['postgresWriter'],
    types: ['PostgresWriterOptions', 'PostgresWriterOptionsByColumns', 'WriterColumns'],
  },
}

describe('The public names', () => {
  it('belong to the subpaths that package.json exports', () => {
    const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: object }
    const entries = Object.values(exports).flatMap((target: string | { default: string }) =>
      typeof target === 'string' ? [] : sourcesOf(target.default),
    )
    expect(entries.toSorted()).to.deep.equal(Object.keys(REVIEWED).toSorted())
  })

  for (const [entry, reviewed] of Object.entries(REVIEWED)) {
    it(`of ${entry} are those that were reviewed`, async () => {
      const { types } = exportsIn(entry)
      const values = Object.keys(
        (await import(pathToFileURL(`dist/${entry.replace(/ts$/, 'js')}`).href)) as object,
      )
      expect({ values: inOrder(values), types: inOrder(types) }).to.deep.equal(reviewed)
    })
  }

  it('of the ports include every type that they are made of', () => {
    const ports = exportsIn('src/ports.ts')
    const parts = ['item-reader', 'item-writer', 'job-repository', 'resource'].flatMap((name) => {
      const { values, types } = exportsIn(`src/core/ports/${name}.ts`)
      return [...values, ...types]
    })
    expect([...ports.values, ...ports.types]).to.include.members(parts)
  })
})

/** `./dist/src/readers/*.js` is each file in `src/readers`. */
function sourcesOf(target: string): readonly string[] {
  const source = target.replace(/^\.\/dist\//, '').replace(/js$/, 'ts')
  if (!source.includes('*')) return existsSync(source) ? [source] : [`${source} is missing`]
  const folder = source.slice(0, source.indexOf('*'))
  return readdirSync(folder).map((name) => folder + name)
}

/** As they are written: lists and declarations. `export *` has no place in an entry. */
function exportsIn(path: string): Exports {
  const text = readFileSync(path, 'utf8')
  if (/^export (?:type )?\*/m.test(text)) throw new Error(`${path} exports what it does not name`)
  const lists = [...text.matchAll(/^export (type )?{([^}]*)}/gm)].flatMap(([, type, names = '']) =>
    names
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
      .map((name) => (type === undefined ? name : `type ${name}`)),
  )
  const declared = [...text.matchAll(/^export (?:async )?(const|function|class|interface|type) (\w+)/gm)].map(
    ([, kind = '', name = '']) => (/interface|type/.test(kind) ? `type ${name}` : name),
  )
  const all = [...new Set([...lists, ...declared])]
  const types = all.filter((name) => name.startsWith('type ')).map((name) => name.replace('type ', ''))
  return { values: all.filter((name) => !name.startsWith('type ')), types }
}

function inOrder(names: readonly string[]): readonly string[] {
  return names.toSorted((one, other) => one.localeCompare(other, 'en'))
}
