/** The log that callbacks get: pino's, bound to job, execution and step. */
export type { Logger } from 'pino'
