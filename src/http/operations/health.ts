/** `/healthz`, `/readyz`, `/metrics` */
import { z } from '@hono/zod-openapi'
import { type Operation, operation } from '../operation.ts'
import { Problem } from '../problem.ts'

export const healthz: Operation = operation({
  id: 'healthz',
  method: 'get',
  path: '/healthz',
  scope: null,
  tag: 'health',
  summary: 'Whether the process answers',
  description: 'Asks nobody else: a server whose database is away is not to be killed for it.',
  answers: { 200: { description: 'It does.', schema: z.object({ status: z.literal('alive') }) } },
  problems: [],
  usesRepository: false,
  handle: () => Promise.resolve({ status: 200, json: { status: 'alive' } }),
})

export const readyz: Operation = operation({
  id: 'readyz',
  method: 'get',
  path: '/readyz',
  scope: null,
  tag: 'health',
  summary: 'Whether work may be sent here',
  description:
    'The database can be reached and takes writes, its tables are those of this version, and the server is not ending. Jobs that fail are no part of it.',
  answers: {
    200: {
      description: 'It may.',
      schema: z.object({ status: z.literal('ready'), checks: z.record(z.string(), z.literal('ok')) }),
    },
  },
  problems: ['not-ready'],
  usesRepository: false,
  handle: async ({ lookWhetherReady }) => {
    const checks = await lookWhetherReady()
    if (Object.values(checks).every((result) => result === 'ok'))
      return { status: 200, json: { status: 'ready', checks } }
    throw new Problem('not-ready', 'No work may be sent here now.', { facts: { checks } })
  },
})

export const metrics: Operation = operation({
  id: 'metrics',
  method: 'get',
  path: '/metrics',
  scope: 'read',
  tag: 'health',
  summary: 'Numbers for Prometheus',
  answers: {
    200: { description: 'In the text format.', contentType: 'text/plain', schema: z.string() },
  },
  problems: ['no-such-path'],
  usesRepository: false,
  handle: async ({ metrics: source }) => {
    if (source === undefined) throw new Problem('no-such-path', 'This server keeps no metrics.')
    return { status: 200, body: await source.text(), headers: { 'Content-Type': source.contentType } }
  },
})
