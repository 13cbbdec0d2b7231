/** `GET /jobs`, `GET /jobs/{job}` */
import { z } from '@hono/zod-openapi'
import { jobJson } from '../../json/job-json.ts'
import { API } from '../execution-view.ts'
import { type Operation, operation } from '../operation.ts'
import { NO_QUERY } from '../schemas/nothing.ts'

const listed = z
  .object({
    name: z.string(),
    description: z.string(),
    restartable: z.boolean(),
    links: z.record(z.string(), z.string()),
  })
  .openapi('Job')

const described = z
  .object({
    name: z.string(),
    description: z.string(),
    restartable: z.boolean(),
    exitCodes: z.record(z.string(), z.int()).openapi({ description: 'Process exit codes of its own.' }),
    parametersSchema: z
      .record(z.string(), z.unknown())
      .openapi({ description: 'JSON Schema 2020-12; `x-identifying` says what tells instances apart.' }),
    steps: z.array(
      z.object({
        name: z.string(),
        kind: z.string(),
        allowStartIfComplete: z.boolean(),
        startLimit: z.int().nullable(),
      }),
    ),
    flow: z.record(z.string(), z.unknown()).openapi({ description: 'States by name, and where they lead.' }),
    links: z.record(z.string(), z.string()),
  })
  .openapi('JobDescription')

function linksOf(name: string): Readonly<Record<string, string>> {
  const self = `${API}/jobs/${encodeURIComponent(name)}`
  const executions = `${API}/executions?job=${encodeURIComponent(name)}`
  return {
    self,
    executions,
    launch: `${self}/executions`,
    instances: `${self}/instances`,
    stats: `${self}/stats`,
    typical: `${self}/typical`,
  }
}

export const listJobs: Operation = operation({
  id: 'listJobs',
  method: 'get',
  path: '/api/v1/jobs',
  scope: 'read',
  tag: 'jobs',
  summary: 'The jobs that can be launched',
  query: NO_QUERY,
  answers: { 200: { description: 'By name.', schema: z.object({ items: z.array(listed) }) } },
  problems: [],
  usesRepository: false,
  handle: ({ operator }) => {
    const items = operator.jobs.map(({ name, description, restartable }) => ({
      name,
      description,
      restartable,
      links: linksOf(name),
    }))
    return Promise.resolve({ status: 200, json: { items } })
  },
})

export const getJob: Operation = operation({
  id: 'getJob',
  method: 'get',
  path: '/api/v1/jobs/{job}',
  scope: 'read',
  tag: 'jobs',
  summary: 'A job: its parameters, steps and flow',
  query: NO_QUERY,
  answers: { 200: { description: 'The job.', schema: described } },
  problems: ['no-such-job'],
  usesRepository: false,
  handle: async ({ operator }, { params }) => {
    const job = operator.findJob(params.job)
    return { status: 200, json: { ...jobJson(job), links: linksOf(job.name) } }
  },
})
