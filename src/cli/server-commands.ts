/** The commands around a server: serve, launch, token, openapi. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { LAUNCH_KEY_LIMIT } from '../core/model/launch-key.ts'
import { SCOPES } from '../http/auth/scopes.ts'
import { CONTINUATIONS } from '../pool/continue-executions.ts'
import type { ContextOf, Finish } from './command-group.ts'
import type { LaunchCommandOptions } from './commands/launch.ts'
import { smallNumber } from './option-values.ts'
import { graceOption } from './running-options.ts'
import type { ServeOptions } from './serve/server-setting.ts'
import { triggerName } from './trigger-options.ts'

export function serverCommands(program: Command, contextOf: ContextOf, finish: Finish): void {
  serveCommand(program, contextOf, finish)
  launchCommand(program, contextOf, finish)
  tokenCommand(program, contextOf, finish)
  program
    .command('openapi')
    .description('print the OpenAPI document of a server of this project, with the parameters of each job')
    .action(async (_: object, command: Command) => {
      const { openApi } = await import('./commands/openapi.ts')
      finish(await openApi(contextOf(command)))
    })
}

function serveCommand(program: Command, contextOf: ContextOf, finish: Finish): void {
  program
    .command('serve')
    .description(
      'answer the HTTP API, and run what is launched there in processes of its own, until a signal ends it',
    )
    .option('--port <number>', 'where to listen; 0 takes a free one (default: 8080)', port)
    .option('--host <address>', 'other than loopback only with tokens (default: 127.0.0.1)')
    .option('--concurrency <number>', 'how many executions at once (default: 4)', smallNumber)
    .addOption(graceOption())
    .option('--with-scheduler', 'fire the schedules of the config too')
    .addOption(
      new Option(
        '--on-stopped <what>',
        'what becomes of executions that were stopped because a server ended (default: restart)',
      ).choices(CONTINUATIONS),
    )
    .addOption(
      new Option(
        '--on-recovered <what>',
        'what becomes of executions whose process has died (default: restart)',
      ).choices(CONTINUATIONS),
    )
    .option('--insecure', 'listen where others reach it without tokens')
    .action(async (options: ServeOptions, command: Command) => {
      const { serve } = await import('./commands/serve.ts')
      finish(await serve(contextOf(command), options))
    })
}

function launchCommand(program: Command, contextOf: ContextOf, finish: Finish): void {
  program
    .command('launch')
    .description('ask a server to run a job; with --wait the exit code says how it ended')
    .argument('<job>', 'name of the job')
    .argument('[parameters...]', 'name=value, typed by the job, or name:=json')
    .option('-p, --params <file>', 'more parameters, from a JSON file (- for standard input)')
    .addOption(
      new Option(
        '--on-existing <what>',
        'when it runs or was done before: refuse with 5 or 4, or take that execution',
      )
        .choices(['reject', 'return'])
        .default('reject'),
    )
    .option(
      '--next',
      'the next instance: the parameters of the last one, these in their place, and a new run.id',
    )
    .option(
      '--wait [duration]',
      'until it has ended, at most so long: 90s, 30m, 2h; else the exit code is 8',
      duration,
    )
    .option(
      '--idempotency-key <key>',
      'of this attempt: asked again with it, nothing is launched twice',
      idempotencyKey,
    )
    .option('--trigger <name>', 'the scheduler that asks, for the record: airflow:eod', triggerName)
    .option(
      '--server <url>',
      'also BATCHWRIGHT_SERVER; the token is taken from BATCHWRIGHT_TOKEN, or from the file of BATCHWRIGHT_TOKEN_FILE',
    )
    .action(async (job: string, words: string[], options: LaunchCommandOptions, command: Command) => {
      if (options.next === true && options.onExisting === 'return')
        command.error('error: --on-existing return does not go with --next, which is always a new instance')
      const { launch } = await import('./commands/launch.ts')
      finish(await launch(contextOf(command), job, words, options))
    })
}

function tokenCommand(program: Command, contextOf: ContextOf, finish: Finish): void {
  const token = program
    .command('token')
    .description('make tokens for those who ask a server')
    .helpCommand(false)
  token
    .command('create')
    .description(
      'print a new token, once, and the record of it for the tokens file, which holds only its hash',
    )
    .argument('<name>', 'who it is for: what they do is recorded under this name')
    .requiredOption(
      '--scopes <scopes>',
      `what it may do, separated by commas: ${SCOPES.join(', ')}`,
      (text: string) => text.split(','),
    )
    .action(async (name: string, { scopes }: { scopes: readonly string[] }, command: Command) => {
      const { createToken } = await import('./commands/token-create.ts')
      finish(createToken(contextOf(command), name, scopes))
    })
}

function port(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.')
}

/** As a server takes it; what no header can hold would look like a server that is away. */
function idempotencyKey(text: string): string {
  if (text.length <= LAUNCH_KEY_LIMIT && /^[!-~]([ -~]*[!-~])?$/.test(text)) return text
  throw new InvalidArgumentError(`It must be 1 to ${LAUNCH_KEY_LIMIT} printable characters of ASCII.`)
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

/** In seconds. */
function duration(text: string): number {
  const [, number, unit = 's'] = /^(\d{1,6}(?:\.\d+)?)([smh]?)$/.exec(text) ?? []
  if (number !== undefined) return Number(number) * (UNITS[unit || 's'] ?? 1)
  throw new InvalidArgumentError('It must be a duration, such as 90s, 30m or 2h.')
}
