import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { SCHEDULER_NEEDS } from '../../scripts/services/machine-needs.ts'
import { type ProgramEnd, runProgram } from '../../scripts/services/run-program.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'
import { describeWithPrograms } from '../servers/describe-with-servers.ts'
import { RECIPES } from './recipe-project.ts'

const UNITS = ['end-of-day.service', 'end-of-day.timer']

describeWithPrograms(
  "The recipe for systemd, read by systemd's own reader",
  [SCHEDULER_NEEDS.systemd],
  () => {
    const folder = temporaryFolder()

    /** It ends with 0 also when it has something to say. */
    const verify = (...files: readonly string[]): Promise<ProgramEnd> =>
      runProgram(['systemd-analyze', 'verify', '--man=no', ...files], { cwd: folder.path('.') })

    it('has units in which it finds nothing', async () => {
      for (const unit of UNITS) await copyFile(join(RECIPES, unit), folder.path(unit))
      expect(await verify(...UNITS)).to.deep.equal({ exitCode: 0, output: '' })
    })

    it('would tell a misspelt word', async () => {
      const service = await readFile(join(RECIPES, 'end-of-day.service'), 'utf8')
      await writeFile(
        folder.path('wrong.service'),
        service.replace('RestartPreventExitStatus', 'RestartPreventExit'),
      )
      expect((await verify('wrong.service')).output).to.include("Unknown key 'RestartPreventExit'")
    })

    it('is due at half past two in UTC from Tuesday to Saturday', async () => {
      const timer = await readFile(join(RECIPES, 'end-of-day.timer'), 'utf8')
      const due = /^OnCalendar=(.*)$/m.exec(timer)?.[1] ?? ''
      const monday = ['--base-time=2026-11-23 12:00:00 UTC', '--iterations=6']
      const { output } = await runProgram(['systemd-analyze', 'calendar', ...monday, due], {
        environment: { ...process.env, TZ: 'UTC', LC_ALL: 'C' },
      })
      const days = [...output.matchAll(/: (\w{3} [\d-]+ [\d:]+ UTC)$/gm)].map(([, day]) => day)
      expect(days).to.deep.equal([
        'Tue 2026-11-24 02:30:00 UTC',
        'Wed 2026-11-25 02:30:00 UTC',
        'Thu 2026-11-26 02:30:00 UTC',
        'Fri 2026-11-27 02:30:00 UTC',
        'Sat 2026-11-28 02:30:00 UTC',
        'Tue 2026-12-01 02:30:00 UTC',
      ])
    })
  },
)
