/** Numbers and durations as people read them. */

/** `1,240,000` */
export function countText(count: number): string {
  return count.toLocaleString('en-US')
}

/** `950`, `18.2k`, `3.4M` */
export function shortCount(count: number): string {
  if (count < 1000) return String(Math.round(count))
  if (count < 999_950) return `${(count / 1000).toFixed(1)}k`
  return `${(count / 1_000_000).toFixed(1)}M`
}

/** `850 ms`, `12.3 s`, `4 min 08 s`, `2 h 03 min` */
export function durationText(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  const seconds = milliseconds / 1000
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${twoDigits(whole % 60)} s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`
}

/** Between two times; empty while one of them is not known. */
export function spanText(from: Date | null, to: Date | null): string {
  return from === null || to === null ? '' : durationText(to.getTime() - from.getTime())
}

function twoDigits(count: number): string {
  return String(count).padStart(2, '0')
}
