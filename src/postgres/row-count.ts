/** How many rows there will be, for whoever watches. */
import { fromSource, type ReadPlan } from './read-plan.ts'
import type { ReadingSession } from './reading-session.ts'

export type RowCount = 'count' | 'estimate'

export async function countRows(plan: ReadPlan, session: ReadingSession, how: RowCount): Promise<number> {
  if (how === 'count') {
    const { rows } = await session.query(`select count(*) ${fromSource(plan)}`, plan.parameters)
    return Number(rows[0]?.[0])
  }
  const { rows } = await session.query(`explain (format json) select 1 ${fromSource(plan)}`, plan.parameters)
  const [explained] = JSON.parse(rows[0]?.[0] ?? '[]') as readonly {
    readonly Plan: { readonly 'Plan Rows': number }
  }[]
  return explained?.Plan['Plan Rows'] ?? 0
}
