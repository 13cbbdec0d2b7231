/** `/openapi.json`, and `/docs`, which shows it to people. */
import { z } from '@hono/zod-openapi'
import { PAGE, SCRIPT, STYLE } from '../docs-page/page.ts'
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
  handle: async ({ openApiDocument }) => ({ status: 200, json: openApiDocument() }),
})

const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

export const docsPage: Operation = staticFile({
  id: 'docsPage',
  path: '/docs',
  summary: 'This document, for people',
  contentType: 'text/html; charset=utf-8',
  body: PAGE,
})

export const docsScript: Operation = staticFile({
  id: 'docsScript',
  path: '/docs/page.js',
  summary: "The page's script",
  contentType: 'text/javascript; charset=utf-8',
  body: SCRIPT,
})

export const docsStyle: Operation = staticFile({
  id: 'docsStyle',
  path: '/docs/page.css',
  summary: "The page's style",
  contentType: 'text/css; charset=utf-8',
  body: STYLE,
})

interface StaticFile {
  readonly id: string
  readonly path: string
  readonly summary: string
  readonly contentType: string
  readonly body: string
}

function staticFile({ id, path, summary, contentType, body }: StaticFile): Operation {
  const [mediaType = ''] = contentType.split(';')
  return operation({
    id,
    method: 'get',
    path,
    scope: null,
    tag: 'documents',
    summary,
    answers: { 200: { description: 'It.', contentType: mediaType, schema: z.string() } },
    problems: [],
    usesRepository: false,
    handle: async () => ({
      status: 200,
      body,
      headers: { 'Content-Type': contentType, 'Content-Security-Policy': PAGE_POLICY },
    }),
  })
}
