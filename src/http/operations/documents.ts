/** `/openapi.json` */
import { z } from '@hono/zod-openapi'
import { type Operation, operation } from '../operation.ts'

export const openApi: Operation = operation({
  id: 'openApi',
  method: 'get',
  path: '/openapi.json',
  scope: 'read',
  tag: 'documents',
  summary: 'This document',
  answers: { 200: { description: 'OpenAPI 3.1.', schema: z.record(z.string(), z.unknown()) } },
  problems: [],
  usesRepository: false,
  handle: ({ openApiDocument }) => Promise.resolve({ status: 200, json: openApiDocument() }),
})
