/** Where in the author's own code an error came from. */
import { dirname } from 'node:path'
import { stackText } from '../core/model/error-description.ts'

/** `/app/jobs.ts:12:9`, the topmost place in the stack that is neither Node's, nor a package's, nor ours. */
export function authorsPlace(error: Error): string | undefined {
  const frames = stackText(error)
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
  return frames
    .map((line) => PLACE.exec(line)?.[1])
    .find((place) => place !== undefined && !place.includes('node_modules') && !place.includes(OURS))
}

const PLACE = /(?:\(|at (?:async )?)((?:file:\/\/)?\/.+:\d+:\d+|[A-Z]:\\.+:\d+:\d+)\)?$/
const OURS = dirname(import.meta.dirname)
