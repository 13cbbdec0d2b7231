/** Listeners that die with their process. */
import type { KillSwitch } from './kill-switch.ts'

/** Those that are called once a job or a step, and may write. A kill between those of items and chunks shows nothing new. */
const WITH_POINTS: readonly PropertyKey[] = ['beforeJob', 'afterJob', 'beforeStep', 'afterStep']

/** The same listener, an instance of a class too: events that it does not listen to stay absent. */
export function mortalListener<L extends object>(life: KillSwitch, where: string, listener: L): L {
  return new Proxy({} as L, {
    get: (_, event) => {
      const listen: unknown = Reflect.get(listener, event)
      if (typeof listen !== 'function') return listen
      const call = (...facts: unknown[]): unknown => {
        life.assertAlive()
        return Reflect.apply(listen, listener, facts)
      }
      if (!WITH_POINTS.includes(event)) return call
      return async (...facts: unknown[]) => {
        const answer = await call(...facts)
        life.pass('after listener', `${where}, ${String(event)}`)
        return answer
      }
    },
  })
}
