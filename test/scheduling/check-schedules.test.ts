import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { nonIdentifying } from '../../src/core/definition/parameter-kind.ts'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import { checkSchedules, scheduleFaults } from '../../src/scheduling/check-schedules.ts'
import { clockChangeWarnings } from '../../src/scheduling/clock-change-warnings.ts'
import { defineSchedule, type ScheduleDefinition } from '../../src/scheduling/define-schedule.ts'

const NOW = new Date('2026-01-15T12:00:00Z')

const job = defineJob({
  name: 'end-of-day',
  parameters: z.object({ businessDate: z.iso.date(), note: nonIdentifying(z.string()).optional() }),
  steps: (step) => ({ only: step.tasklet(() => {}) }),
})

function schedule(
  options: Partial<Parameters<typeof defineSchedule<typeof job.parameters, typeof job.steps>>[0]> = {},
) {
  return defineSchedule({
    name: 'nightly',
    job,
    cron: '30 2 * * *',
    timezone: 'UTC',
    parameters: ({ localDate }) => ({ businessDate: localDate(-1) }),
    ...options,
  })
}

async function faultOf(one: ScheduleDefinition): Promise<string> {
  const faults = await scheduleFaults([one], [job], NOW)
  return faults.join('\n')
}

describe('Schedules, when they are loaded', () => {
  it('have nothing to report where all is well', async () => {
    expect(await faultOf(schedule())).to.equal('')
    expect(await faultOf(schedule({ misfire: { rule: 'catch-up', window: '2d' }, jitter: '5m' }))).to.equal(
      '',
    )
  })

  it('have names of their own', async () => {
    const faults = await scheduleFaults([schedule(), schedule()], [job], NOW)
    expect(faults).to.deep.equal(['schedule nightly: the name is used by more than one schedule'])
  })

  it('have names that can be shown and stored', async () => {
    expect(await faultOf(schedule({ name: 'näme; drop table ✓ $1' }))).to.equal('')
    expect(await faultOf(schedule({ name: '  ' }))).to.equal(
      "schedule '  ': its name must have 1 to 100 characters",
    )
    for (const name of ['two\nlines', 'nul\u0000', 'red\u001b[31m', 'half \ud800'])
      expect(await faultOf(schedule({ name }))).to.match(
        /^schedule '[^\p{Cc}]+it must not have control characters, or halves of characters$/u,
      )
  })

  it('have expressions that can be read, and dates that there are', async () => {
    expect(await faultOf(schedule({ cron: '61 * * * *' }))).to.match(/cron '61 \* \* \* \*', minute: /)
    expect(await faultOf(schedule({ cron: '0 0 31 2 *' }))).to.contain('impossible')
    expect(await faultOf(schedule({ cron: '0 0 L 2 1#1' }))).to.contain('has no slot within ten years')
  })

  it('have a zone that there is', async () => {
    expect(await faultOf(schedule({ timezone: 'Europe/Berlyn' }))).to.contain("timezone is 'Europe/Berlyn'")
  })

  it('have no options that mean nothing', async () => {
    const misspelt = { ...schedule(), misfires: 'skip' }
    const one = defineSchedule(misspelt as unknown as Parameters<typeof defineSchedule>[0])
    expect(await faultOf(one)).to.contain('misfires: no such option. Did you mean misfire?')
    expect(await faultOf(schedule({ overlap: 'never' as 'skip' }))).to.contain("overlap is 'never'")
    expect(await faultOf(schedule({ misfire: { rule: 'catch-up' } as unknown as 'skip' }))).to.contain(
      'misfire.window is undefined',
    )
    expect(await faultOf(schedule({ jitter: '5 min' as '5m' }))).to.contain("jitter is '5 min'")
  })

  it('have a job that can be run', async () => {
    const faults = await scheduleFaults([schedule()], [], NOW)
    expect(faults[0]).to.contain('its job end-of-day is not among the jobs')
  })

  it('name an instance of its own for each slot', async () => {
    expect(await faultOf(schedule({ cron: '0 8,20 * * *' }))).to.contain(
      'the slots 2026-01-16T08:00:00.000Z and 2026-01-16T20:00:00.000Z the same instance of job end-of-day',
    )
  })

  it('name the same instance each time they are asked', async () => {
    let calls = 0
    const parameters = () => ({
      businessDate: new Date(86_400_000 * (calls += 1)).toISOString().slice(0, 10),
    })
    expect(await faultOf(schedule({ parameters }))).to.contain('another instance each time it is asked')
  })

  it('give their job what it takes', async () => {
    expect(await faultOf(schedule({ parameters: () => ({ businessDate: 'soon' }) }))).to.contain(
      'businessDate: ',
    )
    const parameters = () => {
      throw new Error('no calendar')
    }
    expect(await faultOf(schedule({ parameters }))).to.contain('Error: no calendar')
    const given = (values: unknown) =>
      faultOf(schedule({ parameters: () => values as { businessDate: string } }))
    expect(await given(undefined)).to.contain(
      "gave undefined: it must give an object with the job's parameters",
    )
    expect(await given([])).to.contain('gave []')
    expect(await given(Promise.resolve({}))).to.contain('gave a promise: it must give its values at once')
  })

  it('leave no promise of theirs unhandled', async () => {
    const stray: unknown[] = []
    const note = (error: unknown) => stray.push(error)
    process.on('unhandledRejection', note)
    const parameters = () => Promise.reject(new Error('late')) as unknown as { businessDate: string }
    expect(await faultOf(schedule({ parameters }))).to.contain('gave a promise')
    await setImmediate()
    process.off('unhandledRejection', note)
    expect(stray).to.deep.equal([])
  })

  it('are refused with every fault at once', async () => {
    const error = await checkSchedules(
      [schedule({ cron: '*' }), schedule({ timezone: '' })],
      [job],
      NOW,
    ).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(isBatchError(error, 'INVALID_SCHEDULE') && (error.details['faults'] as string[]).length).to.equal(
      3,
    )
  })

  it('are warned of days that a clock change removes or doubles', () => {
    const inNewYork = (cron: string) =>
      clockChangeWarnings(schedule({ cron, timezone: 'America/New_York' }), NOW)
    expect(inNewYork('30 2 * * *')).to.deep.equal([
      'schedule nightly has no slot at 2026-03-08 02:30:00: the clock is set forward over it (America/New_York). ' +
        'A schedule in UTC knows no such days.',
    ])
    expect(inNewYork('30 1 * * *')).to.deep.equal([
      'schedule nightly has one slot, not two, at 2026-11-01 01:30:00: the clock shows it twice, and the first time counts ' +
        '(America/New_York). A schedule in UTC knows no such days.',
    ])
    expect(inNewYork('*/15 1-2 * * *')[0]).to.contain('2026-03-08 02:00:00 and 3 more')
    expect(inNewYork('0 12 * * *')).to.deep.equal([])
    expect(clockChangeWarnings(schedule(), NOW)).to.deep.equal([])
  })
})
