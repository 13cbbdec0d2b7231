/** The program behind `npm run services`: servers up, addresses printed, a command run if one is given, servers down. */

import { parseServicesCommand, type ServicesCommand } from './command-line.ts'
import { buildKafkaClient, findKafkaClient } from './kafka-client.ts'
import { BUILD_NEEDS, requireOnMachine } from './machine-needs.ts'
import { runCommand } from './run-command.ts'
import { runToExitCode } from './run-to-exit-code.ts'
import { needsOfServers, type ServicesEnvironment, startServices } from './start-services.ts'

/** Answers the exit code. */
async function run(command: ServicesCommand, signal: AbortSignal): Promise<number> {
  await prepare(command, signal)
  const services = await startServices(command, signal)
  try {
    print(services.environment)
    if (command.command !== undefined) return await runCommand(command.command, services.environment, signal)
    process.stderr.write('Ready. Ctrl-C stops them.\n')
    return await untilAborted(signal)
  } finally {
    await services.stop()
  }
}

/** All that the machine lacks is told at once, before anything is started or built. */
async function prepare({ servers }: ServicesCommand, signal: AbortSignal): Promise<void> {
  const hasClient = !servers.includes('kafka') || (await findKafkaClient(signal))
  requireOnMachine([...needsOfServers(servers), ...(hasClient ? [] : BUILD_NEEDS)])
  if (!hasClient) await buildKafkaClient(signal)
}

/** Lines to be pasted into a shell. */
function print(environment: ServicesEnvironment): void {
  for (const [name, value] of Object.entries(environment)) process.stdout.write(`export ${name}=${value}\n`)
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stillHere = setInterval(() => undefined, 60_000)
    const abort = (): void => {
      clearInterval(stillHere)
      reject(signal.reason)
    }
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
}

await runToExitCode((signal) => run(parseServicesCommand(process.argv.slice(2)), signal))
