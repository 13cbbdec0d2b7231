import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { loadTrial } from '../workers/load-trial.ts'
import { type LoadOrder, ROWS } from '../workers/partitioned-load.ts'

const KILLS = Number(process.env['BATCHWRIGHT_TEST_KILLS'] ?? 3)
const MANAGER = fileURLToPath(new URL('../workers/load-process.js', import.meta.url))

describe(`A partitioned load whose processes are killed ${KILLS} times, workers and the job's own`, () => {
  const { database, rows, expectWhole } = loadTrial()

  const written = async () => (await rows<{ count: number }>('select count(*)::int from @row'))[0]?.count ?? 0

  async function writtenMoreThan(count: number, over: AbortSignal): Promise<void> {
    while (!over.aborted && (await written()) <= count) await sleep(5)
  }

  /** Kills at random progress, while the kills and the rows last; answers how many there were. */
  async function run(processes: number, kills: number): Promise<number> {
    const { connection, schema } = database()
    const order: LoadOrder = { connection, schema, processes, concurrency: 4, milliseconds: 8 }
    const manager = spawn(process.execPath, [MANAGER, JSON.stringify(order)], { stdio: 'ignore' })
    const over = new AbortController()
    const ended = once(manager, 'exit').then(() => over.abort())
    let done = 0
    while (done < kills && !over.signal.aborted) {
      const count = await written()
      await writtenMoreThan(count + Math.random() * ((ROWS - count) / (kills - done + 1)), over.signal)
      if (kill(manager, await pidsOf(schema))) done += 1
    }
    await ended
    return done
  }

  /** The workers that have registered. */
  async function pidsOf(schema: string): Promise<readonly number[]> {
    const found = await rows<{ pid: number }>(
      `select pid from ${schema}.batch_step_partition_worker w where retired_at is null and not exists (
        select 1 from ${schema}.batch_job_execution e
          where e.job_execution_id = w.job_execution_id and e.status <> 'STARTED')`,
    )
    return found.map(({ pid }) => pid)
  }

  function kill(manager: ChildProcess, workers: readonly number[]): boolean {
    if (manager.exitCode !== null || manager.signalCode !== null) return false
    const victim = workers[Math.floor(Math.random() * workers.length)]
    if (victim === undefined || Math.random() < 0.4) return manager.kill('SIGKILL')
    try {
      return process.kill(victim, 'SIGKILL')
    } catch {
      return false // it had ended by itself
    }
  }

  it('has written every row once, with its counts, and is aggregated once', async function () {
    this.timeout(60_000 + KILLS * 10_000)
    let kills = 0
    for (let runs = 0; (await rows('select 1 from @total')).length === 0; runs += 1) {
      expect(runs, 'runs that did not end the load').to.be.at.most(KILLS + 3)
      kills += await run(1 + (runs % 3), KILLS - kills)
    }
    expect(kills, 'kills').to.be.at.least(1)
    await run(2, 0)
    await expectWhole()
    const [sums] = await rows<{ read: number; written: number; left: number; completed: number }>(
      `select sum(read_count)::int as read, sum(write_count)::int as written,
          count(*) filter (where status not in ('COMPLETED', 'FAILED'))::int as left,
          count(*) filter (where status = 'COMPLETED')::int as completed
        from @batch_step_execution where step_name like 'load:%'`,
    )
    expect(sums).to.deep.equal({ read: ROWS, written: ROWS, left: 0, completed: 8 })
  })
})
