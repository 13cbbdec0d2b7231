import { expect } from 'chai'
import { runSideBySide } from '../../../scripts/tests/side-by-side.ts'
import { temporaryFolder } from '../../files/temporary-folder.ts'

const idle = new AbortController().signal

describe('Commands that run side by side', () => {
  const folder = temporaryFolder()

  async function run(codes: readonly string[], signal = idle, heard: (text: string) => void = () => {}) {
    const said: string[] = []
    const commands = codes.map((code) => [process.execPath, '-e', code])
    const say = (stream: string, text: string): void => {
      said.push(`${stream} ${text.trim()}`)
      heard(text)
    }
    return { exitCode: await runSideBySide(commands, say, signal), said }
  }

  it('are shown one after the other, also where the second has said all before the first begins', async () => {
    const file = JSON.stringify(folder.path('said'))
    const late = `const look = () => fs.existsSync(${file}) ? console.log('first') : setTimeout(look, 5); look()`
    const early = `console.log('second'); process.on('exit', () => fs.writeFileSync(${file}, ''))`
    expect((await run([late, early])).said).to.deep.equal(['stdout first', 'stdout second'])
  })

  it('keep what they complain of apart', async () => {
    expect((await run(["console.error('one')", "console.error('other')"])).said).to.deep.equal([
      'stderr one',
      'stderr other',
    ])
  })

  it('answer the greatest of their exit codes, that of one that was killed as a shell does', async () => {
    expect((await run(['', ''])).exitCode).to.equal(0)
    expect((await run(['process.exit(3)', ''])).exitCode).to.equal(3)
    expect((await run(['', 'process.exit(1)'])).exitCode).to.equal(1)
    expect((await run(['', "process.kill(process.pid, 'SIGKILL')"])).exitCode).to.equal(137)
  })

  it('are interrupted when we are told to end, and their ends are waited for', async () => {
    const controller = new AbortController()
    const code = (exit: number): string =>
      `process.on('SIGINT', () => process.exit(${exit})); setInterval(() => {}, 1000); console.log('up')`
    const file = JSON.stringify(folder.path('up'))
    const first = `${code(3)}; const look = () => fs.existsSync(${file}) ? console.log('all') : setTimeout(look, 5); look()`
    const second = `${code(4)}; fs.writeFileSync(${file}, '')`
    const heard = (text: string): void => {
      if (text.includes('all')) controller.abort()
    }
    expect((await run([first, second], controller.signal, heard)).exitCode).to.equal(4)
  })
})
