/** Why nothing was launched for a slot, in words. */
import type { Fired } from './fire-operations.ts'

export function notFiredReason(fired: Exclude<Fired, { readonly outcome: 'FIRED' }>): string {
  switch (fired.outcome) {
    case 'taken':
      return `its slot was taken by ${fired.fire.firedBy}`
    case 'left':
      return fired.reason
    default:
      return fired.detail
  }
}
