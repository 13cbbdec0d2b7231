/** Patterns of exit codes, and which of several is tried first. Spring Batch's rules. */

/** `*` stands for any characters, none too; `?` for exactly one. */
export function matchesExitCode(pattern: string, exitCode: string): boolean {
  const source = pattern.replace(/[.*+?^${}()|[\]\\]/g, (sign) =>
    sign === '*' ? '.*' : sign === '?' ? '.' : `\\${sign}`,
  )
  return new RegExp(`^${source}$`, 'su').test(exitCode)
}

export function isExitCodePattern(text: string): boolean {
  return /[*?]/.test(text)
}

/**
 * Negative when `one` is the more specific: a literal; then patterns with `?` only, fewer of them first; then those with `*`,
 * more of them first, then fewer `?`; then the longer one; `*` alone is last. Among equals the order of the alphabet, so that
 * no order depends on how a flow was written.
 */
export function compareSpecificity(one: string, other: string): number {
  if (one === other) return 0
  const ranks = [rank(one), rank(other)] as const
  const difference = ranks[0].findIndex((value, index) => value !== ranks[1][index])
  if (difference !== -1) return (ranks[0][difference] ?? 0) - (ranks[1][difference] ?? 0)
  return one < other ? -1 : 1
}

/** Compared from left to right, the smaller the more specific. */
function rank(pattern: string): readonly number[] {
  const stars = count(pattern, '*')
  const marks = count(pattern, '?')
  const kind = pattern === '*' ? 3 : stars > 0 ? 2 : marks > 0 ? 1 : 0
  return [kind, -stars, marks, -pattern.length]
}

function count(text: string, sign: string): number {
  return text.split(sign).length - 1
}
