/** One operation of the API: where it is found, who may use it, what it takes and answers, and what it does. */
import type { z } from '@hono/zod-openapi'
import type { Answer } from './answer.ts'
import type { Caller } from './auth/access-token.ts'
import type { Scope } from './auth/scopes.ts'
import type { Api } from './api.ts'
import type { ProblemCode } from './problem.ts'

export interface Operation {
  /** Its `operationId`, which stays. */
  readonly id: string
  readonly method: 'get' | 'post' | 'delete'
  /** `/api/v1/jobs/{job}` */
  readonly path: string
  /** Null: nobody is asked who they are. */
  readonly scope: Scope | null
  readonly tag: string
  readonly summary: string
  readonly description?: string
  /** Anything else is refused. Left out where any query is passed over. */
  readonly query?: z.ZodObject
  /** For the document; whoever handles it reads them from the request. */
  readonly headers?: z.ZodObject
  readonly body?: z.ZodObject
  /** An empty body is taken for `{}`. */
  readonly bodyMayBeLeftOut?: true
  readonly answers: Readonly<Record<number, AnswerDescription>>
  /** Besides those that every operation of its kind has. */
  readonly problems: readonly ProblemCode[]
  /** Whether it asks the job repository. @default true */
  readonly usesRepository?: false
  readonly handle: (api: Api, call: Call) => Promise<Answer>
}

export interface AnswerDescription {
  readonly description: string
  readonly schema?: z.ZodType
  /** @default 'application/json' */
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Call<P = Readonly<Record<string, string>>, Q = unknown, B = unknown> {
  readonly params: P
  readonly query: Q
  readonly body: B
  readonly caller: Caller
  readonly request: Request
  readonly requestId: string
}

/** `{id}` and `{sid}` of `/executions/{id}/steps/{sid}`. */
type ParamsOf<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [N in Name]: string } & ParamsOf<Rest>
  : unknown

interface TypedOperation<P extends string, Q extends z.ZodObject, B extends z.ZodObject> extends Omit<
  Operation,
  'path' | 'query' | 'body' | 'handle'
> {
  readonly path: P
  readonly query?: Q
  readonly body?: B
  readonly handle: (api: Api, call: Call<ParamsOf<P>, z.output<Q>, z.output<B>>) => Promise<Answer>
}

/** Gives the handler the types of what it is called with; `readCall` has checked that. */
export function operation<const P extends string, Q extends z.ZodObject, B extends z.ZodObject>(
  typed: TypedOperation<P, Q, B>,
): Operation {
  return typed as unknown as Operation
}
