/** How long a timer can wait. */

/** Almost 25 days. Node fires a longer one at once. */
export const LONGEST_TIMER_MILLISECONDS = 2_147_483_647
