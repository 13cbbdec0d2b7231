/** Whether this Node.js is new enough, and whether signals reach a process that is started like this one. */
import { readFileSync } from 'node:fs'
import { type Finding, ok, problem, warning } from './finding.ts'

/** `range` as in package.json: `>=20.19`. */
export function checkNode(version: string, range: string): Finding {
  const [major = 0, minor = 0] = numbersOf(version)
  const [leastMajor = 0, leastMinor = 0] = numbersOf(range)
  const isEnough = major > leastMajor || (major === leastMajor && minor >= leastMinor)
  return isEnough
    ? ok('Node.js', version)
    : problem('Node.js', 2, `${version} is too old`, `install Node.js ${range}`)
}

export interface ProcessPlace {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly pid: number
  readonly parentPid: number
  /** The parent's program, such as `bash`; undefined where the system does not say. */
  readonly parentName: string | undefined
}

const SHELLS = ['sh', 'bash', 'dash', 'ash', 'busybox']
const DIRECTLY =
  'give schedulers and containers node_modules/.bin/batchwright, or node with its bin.js, itself'

/** npm sets its variables for whatever it starts, through a shell too. A shell that is a container's pid 1 passes on no signal. */
export function checkParent({ environment, pid, parentPid, parentName }: ProcessPlace): Finding {
  const script = environment['npm_lifecycle_event']
  if (script !== undefined && script !== '')
    return warning(
      'signals',
      `started through npm (${script}), which may end at SIGTERM and leave a running job behind`,
      DIRECTLY,
    )
  if (parentPid === 1 && pid !== 1 && parentName !== undefined && SHELLS.includes(parentName))
    return warning(
      'signals',
      `the parent, pid 1, is ${parentName}: it does not pass on the SIGTERM with which a container is stopped`,
      `${DIRECTLY}, as ENTRYPOINT in its list form, or begin with exec`,
    )
  return ok('signals', `reach this process${parentName === undefined ? '' : `; its parent is ${parentName}`}`)
}

export function thisPlace(environment: ProcessPlace['environment']): ProcessPlace {
  const { pid, ppid } = process
  return { environment, pid, parentPid: ppid, parentName: programName(ppid) }
}

/** Only Linux tells without another program. */
function programName(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return undefined
  }
}

function numbersOf(text: string): readonly number[] {
  return (/(\d+)\.(\d+)/.exec(text) ?? []).slice(1).map(Number)
}
