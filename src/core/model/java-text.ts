/** Parameter texts as Java's `toString()` prints them: the job key is made of these, byte for byte. */

/**
 * The text in the job key for a parameter recorded as `text`. They differ where Spring's repository and Java's
 * `toString()` differ: a LocalDateTime is stored with seconds always but printed without them when they are zero.
 * A `java.util.Date` depends on the zone of the JVM that made the key; `timeZone` is that zone.
 */
export function javaToString(type: string, text: string, timeZone = 'UTC'): string {
  switch (type) {
    case 'java.time.LocalTime':
    case 'java.time.LocalDateTime':
    case 'java.time.OffsetDateTime':
    case 'java.time.ZonedDateTime':
      return dropZeroSeconds(text)
    case 'java.util.Date':
      return javaDateToString(new Date(text), timeZone)
    default:
      return text
  }
}

/** Java's `Double.toString` (JDK 19 and later): always a decimal point, scientific below 1e-3 and from 1e7 on. */
export function javaDoubleToString(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const magnitude = Math.abs(value)
  return magnitude >= 1e-3 && magnitude < 1e7 ? plainDouble(value) : scientificDouble(value)
}

function plainDouble(value: number): string {
  const text = String(value)
  return text.includes('.') ? text : `${text}.0`
}

function scientificDouble(value: number): string {
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e')
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`
}

/** Seconds are left out when they and the fraction are zero; a fraction is printed in groups of 3, 6 or 9 digits. */
function dropZeroSeconds(text: string): string {
  return text.replace(
    /(\d\d:\d\d):(\d\d)(?:\.(\d+))?/,
    (_, minutes: string, seconds: string, fraction = '') => {
      const digits = groupFraction(String(fraction))
      if (digits !== '') return `${minutes}:${seconds}.${digits}`
      return seconds === '00' ? minutes : `${minutes}:${seconds}`
    },
  )
}

function groupFraction(fraction: string): string {
  const significant = fraction.replace(/0+$/, '')
  if (significant === '') return ''
  return significant.padEnd(Math.ceil(significant.length / 3) * 3, '0')
}

function javaDateToString(date: Date, timeZone: string): string {
  const part = (locale: string, options: Intl.DateTimeFormatOptions, type: string) =>
    new Intl.DateTimeFormat(locale, { ...options, timeZone })
      .formatToParts(date)
      .find((one) => one.type === type)?.value ?? ''
  const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const
  const time = ['hour', 'minute', 'second']
    .map((unit) => part('en-US', clock, unit).padStart(2, '0'))
    .join(':')
  const weekday = part('en-US', { weekday: 'short' }, 'weekday')
  const month = part('en-US', { month: 'short' }, 'month')
  const day = part('en-US', { day: '2-digit' }, 'day')
  const zone = timeZone === 'UTC' ? 'UTC' : part('en-GB', { timeZoneName: 'short' }, 'timeZoneName')
  return `${weekday} ${month} ${day} ${time} ${zone} ${part('en-US', { year: 'numeric' }, 'year')}`
}
