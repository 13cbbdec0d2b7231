/** `GET /executions/{id}/events` */
import { z } from '@hono/zod-openapi'
import { jsonLine } from '../../json/json-line.ts'
import type { Api } from '../api.ts'
import type { EventSink } from '../event-stream.ts'
import { type ExecutionView, viewExecution } from '../execution-view.ts'
import { checkedExecutionId } from '../find-execution.ts'
import { type Operation, operation } from '../operation.ts'
import { streamAnswer } from '../streams.ts'
import { NO_QUERY } from '../schemas/nothing.ts'

export const followExecution: Operation = operation({
  id: 'followExecution',
  method: 'get',
  path: '/api/v1/executions/{id}/events',
  scope: 'read',
  tag: 'executions',
  summary: 'Follow an execution to its end',
  description:
    'Server-sent events. `snapshot`: the execution as `GET /executions/{id}` shows it, at once and whenever it has changed; its id is the ETag. ' +
    '`end`: it has ended, or was deleted; the stream is closed. With `Last-Event-ID` the first snapshot comes only if it is another one.',
  query: NO_QUERY,
  headers: z.object({ 'Last-Event-ID': z.string().optional() }),
  answers: { 200: { description: 'Events.', contentType: 'text/event-stream', schema: z.string() } },
  problems: ['no-such-execution', 'too-many-streams'],
  handle: async (api, { params, request }) => {
    const first = await viewExecution(api, checkedExecutionId(params.id))
    const known = request.headers.get('last-event-id') ?? undefined
    return streamAnswer(api, request, (sink) => feed(api, first, known, sink))
  },
})

function feed({ watch }: Api, first: ExecutionView, known: string | undefined, sink: EventSink): Disposable {
  const { id } = first.execution
  let sent = known
  const onLook = ({ json, etag, hasEnded, execution }: ExecutionView): void => {
    if (etag !== sent) sink.send([{ event: 'snapshot', id: etag, data: jsonLine(json) }])
    sent = etag
    if (!hasEnded) return
    sink.send([{ event: 'end', id: etag, data: jsonLine({ jobExecutionId: id, status: execution.status }) }])
    sink.end()
  }
  const onGone = (): void => {
    sink.send([{ event: 'end', data: jsonLine({ jobExecutionId: id, status: null }) }])
    sink.end()
  }
  const following = watch.follow(first, { onLook, onGone })
  onLook(first)
  return following
}
