/** A process that a server has forked, until it has loaded the project: not longer than it may take. */
import type { ChildProcess } from 'node:child_process'
import { endOfFork, type Fork } from '../process/fork-node.ts'
import type { ObservationSource } from '../telemetry/metrics-registry.ts'
import { modulePlace, type WorkerModule } from '../workers/module-place.ts'
import type { OpeningMessage, OpenMessage } from './opening-messages.ts'
import { unpackError } from './packed-error.ts'
import type { FromPoolProcess } from './pool-messages.ts'

export interface OpenForkOptions {
  readonly module: WorkerModule
  readonly orphanGraceMilliseconds: number
  /** It is killed when it takes longer to load the project. @default 120_000 */
  readonly loadMilliseconds?: number | undefined
  /** What it observes is told here; closed with it. */
  readonly source: ObservationSource | undefined
  /** What is told whoever waits for it, where it ends before it is ready. */
  readonly died: (how: string) => Error
}

export interface OpenFork {
  /** Resolves when the project is loaded. @throws BatchError why it cannot be; what `died` says */
  readonly ready: Promise<void>
  /** How it ended, in words. */
  readonly ended: Promise<string>
}

const LOAD_MILLISECONDS = 120_000

type Forked = Fork<OpenMessage, OpeningMessage | FromPoolProcess>

export function openFork(
  forked: Forked,
  { module, orphanGraceMilliseconds, loadMilliseconds = LOAD_MILLISECONDS, source, died }: OpenForkOptions,
): OpenFork {
  const { child, send } = forked
  const loading = limitLoading(child, loadMilliseconds)
  const ended = endOfFork(child).then((how) => loading.how() ?? how)
  const ready = readyOf(forked, ended, died)
  ready.then(loading.over, loading.over)
  if (source !== undefined) tellObservations(forked, ended, source)
  send({ type: 'open', module: modulePlace(module), orphanGraceMilliseconds })
  return { ready, ended }
}

/** Nobody would ever be told why what they wait for does not come. */
function limitLoading(child: ChildProcess, milliseconds: number) {
  let how: string | undefined
  const timer = setTimeout(() => {
    how = `has not loaded the project within ${milliseconds / 1000} s, and was killed`
    child.kill('SIGKILL')
  }, milliseconds)
  return { how: () => how, over: () => clearTimeout(timer) }
}

function tellObservations({ hear }: Forked, ended: Promise<string>, source: ObservationSource): void {
  hear((message) => {
    if (message.type === 'observed') source.tell(message.observation)
  })
  void ended.then(source.close)
}

function readyOf({ hear }: Forked, ended: Promise<string>, died: OpenForkOptions['died']): Promise<void> {
  const ready = new Promise<void>((resolve, reject) => {
    hear((message) => {
      if (message.type === 'ready') resolve()
      else if (message.type === 'failed') reject(unpackError(message.error))
    })
    void ended.then((how) => reject(died(how)))
  })
  ready.catch(() => {}) // whoever waits is told
  return ready
}
