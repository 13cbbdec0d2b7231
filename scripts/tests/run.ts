/** The program behind `npm test`: two mochas side by side, one for each half of the test files. Options are given to both. */
import { runToExitCode } from '../services/run-to-exit-code.ts'
import { mochaHalves } from './mocha-halves.ts'
import { runSideBySide } from './side-by-side.ts'

const options = [...process.argv.slice(2), ...(process.stdout.isTTY ? ['--color'] : [])]
const commands = mochaHalves(options).map((args) => [
  process.execPath,
  'node_modules/mocha/bin/mocha.js',
  ...args,
])

await runToExitCode((signal) =>
  runSideBySide(commands, (stream, text) => void process[stream].write(text), signal),
)
