/** The key that makes one JobInstance of equal identifying parameters, the same as Spring Batch 6 computes. */
import { createHash } from 'node:crypto'
import { javaToString } from './java-text.ts'
import type { JobParameter, JobParameters } from './job-parameters.ts'

/**
 * MD5 over the identifying parameters, sorted by name in UTF-16 order, each printed as Java prints its record.
 * Thirty-two lower-case hexadecimal digits. `timeZone` matters for `java.util.Date` only.
 */
export function jobKey(parameters: JobParameters, timeZone = 'UTC'): string {
  const identifying = parameters.filter((one) => one.identifying)
  const ordered = identifying.toSorted((one, other) => (one.name < other.name ? -1 : 1))
  const text = ordered.map((one) => printed(one, timeZone)).join('')
  return createHash('md5').update(text, 'utf8').digest('hex')
}

function printed({ name, type, text }: JobParameter, timeZone: string): string {
  return `JobParameter{name='${name}', value=${javaToString(type, text, timeZone)}, type=class ${type}, identifying=true}`
}
