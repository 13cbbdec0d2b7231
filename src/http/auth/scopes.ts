/** What a token may do. */

/**
 * `read`: look at everything. `launch`: start jobs. `operate`: stop, restart, abandon, recover, redrive, and look after schedules and webhooks.
 * `admin`: purge, and recover by force.
 */
export const SCOPES = ['read', 'launch', 'operate', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

const IMPLIED: Readonly<Record<Scope, readonly Scope[]>> = {
  read: [],
  launch: ['read'],
  operate: ['read'],
  admin: ['read', 'launch', 'operate'],
}

/** Whether one of these scopes is it, or implies it: whoever may change something may look; `admin` may everything. */
export function allows(scopes: readonly Scope[], wanted: Scope): boolean {
  return scopes.some((scope) => scope === wanted || IMPLIED[scope].includes(wanted))
}

export function isScope(word: unknown): word is Scope {
  return (SCOPES as readonly unknown[]).includes(word)
}
