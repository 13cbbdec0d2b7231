import { execFile, execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { temporaryFolder } from '../files/temporary-folder.ts'
import { commandHere } from './command-here.ts'
import { FIXTURES, JOBS } from './command.ts'

const runFile = promisify(execFile)
const BIN = resolve('dist/src/cli/bin.js')
const CONFIG = resolve(FIXTURES, 'memory.config.ts')

/** In each shell: the command as a function, the script, then what the shell offers for the words, a line each. */
const SHELLS = {
  bash: (script: string, words: readonly string[]) => `
    batchwright() { '${process.execPath}' '${BIN}' "$@"; }
    source '${script}'
    COMP_WORDS=(${words.map(quoted).join(' ')}); COMP_CWORD=${words.length - 1}
    _batchwright; printf '%s\\n' "\${COMPREPLY[@]}"`,
  // What compadd is given: the shell itself offers those of it that begin like the word.
  zsh: (script: string, words: readonly string[]) => `
    batchwright() { '${process.execPath}' '${BIN}' "$@"; }
    compdef() { :; }; _files() { print files; }
    compadd() { print -l -- \${(M)found:#$words[CURRENT]*}; }
    source '${script}'
    words=(${words.map(quoted).join(' ')}); CURRENT=${words.length}
    _batchwright`,
  fish: (script: string, words: readonly string[]) => `
    function batchwright; '${process.execPath}' '${BIN}' $argv; end
    source '${script}'
    complete -C '${words.join(' ')}' | string replace -r '\\t.*' ''; true`,
} as const
type Shell = keyof typeof SHELLS

function quoted(word: string): string {
  return `'${word}'`
}

function isThere(shell: Shell): boolean {
  try {
    execFileSync(shell, ['-c', 'true'])
    return true
  } catch {
    return false
  }
}

describe('Completion', () => {
  const folder = temporaryFolder()

  for (const shell of Object.keys(SHELLS) as readonly Shell[]) {
    describe(`in ${shell}`, () => {
      before(async function () {
        if (shell !== 'bash' && !isThere(shell)) {
          console.warn(`      SKIPPED: ${shell} is not installed, so its completion was not tried`)
          this.skip()
        }
        const { exitCode, stdout } = await commandHere(['completion', shell])
        expect(exitCode).to.equal(0)
        await writeFile(folder.path(shell), stdout)
      })

      async function offered(...words: string[]): Promise<readonly string[]> {
        const script = SHELLS[shell](folder.path(shell), ['batchwright', ...words])
        const { stdout, stderr } = await runFile(shell, ['-c', script], { cwd: folder.path('.') })
        expect(stderr).to.equal('')
        return stdout
          .split('\n')
          .filter((line) => line !== '')
          .toSorted()
      }

      it('offers commands, and those below them', async () => {
        expect(await offered('re')).to.deep.equal(['recover', 'restart'])
        expect(await offered('db', '')).to.deep.equal(['migrate', 'purge', 'status'])
        expect(await offered('completion', '')).to.deep.equal(['bash', 'fish', 'zsh'])
        expect(await offered('token', '')).to.deep.equal(['create'])
        expect(await offered('serve', '--on-stopped', '')).to.deep.equal(['leave', 'restart'])
        expect(await offered('__')).to.deep.equal([])
      })

      it('offers the options of the command, and those of every command', async () => {
        expect(await offered('run', 'count', '--p')).to.deep.equal(['--params', '--progress'])
        expect(await offered('db', 'purge', '--o')).to.deep.equal(['--older-than'])
        expect(await offered('list', '--js')).to.deep.equal(['--json'])
      })

      it('offers the words that an option takes', async () => {
        expect(await offered('run', 'count', '--progress', '')).to.deep.equal(['auto', 'bar', 'log', 'none'])
        expect(await offered('--log-level', 'd')).to.deep.equal(['debug'])
        expect(await offered('--log-level', 'debug', 'che')).to.deep.equal(['check'])
      })

      it('offers the names of the jobs that the line names, once', async () => {
        expect(await offered('--config', CONFIG, 'run', 'c')).to.deep.equal(['careless', 'count'])
        expect(await offered('describe', '--jobs', JOBS, 'fa')).to.deep.equal(['failing'])
        expect(await offered('--config', CONFIG, 'list', '--job', 'sk')).to.deep.equal(['skipping'])
        expect(await offered('--config', CONFIG, 'run', 'count', 'c')).to.deep.equal([])
      })

      it('offers nothing, in silence, where there are no jobs', async () => {
        expect(await offered('run', '')).to.deep.equal([])
        expect(await offered('--config', 'missing.ts', 'run', '')).to.deep.equal([])
      })
    })
  }

  it('offers files in bash where one is wanted, also behind =', async () => {
    await writeFile(folder.path('trades.json'), '{}')
    const { stdout: bash } = await commandHere(['completion', 'bash'])
    await writeFile(folder.path('bash'), bash)
    for (const words of [
      ['batchwright', 'run', 'count', '--params', 'tra'],
      ['batchwright', 'run', 'count', '-p', 'tra'],
      ['batchwright', 'run', 'count', '--params', '=', 'tra'],
    ]) {
      const script = SHELLS.bash(folder.path('bash'), words)
      const { stdout } = await runFile('bash', ['-c', script], { cwd: folder.path('.') })
      expect(stdout).to.equal('trades.json\n')
    }
  })

  it('is refused with 2 for a shell that is not known', async () => {
    const { exitCode, stderr } = await commandHere(['completion', 'tcsh'])
    expect(exitCode).to.equal(2)
    expect(stderr).to.include('Allowed choices are bash, zsh, fish')
  })
})
