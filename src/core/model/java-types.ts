/** The parameter types that Spring Batch knows by name. Another name would make the execution unreadable for it. */

export const JAVA_TYPES = [
  'java.lang.String',
  'java.lang.Long',
  'java.lang.Integer',
  'java.lang.Double',
  'java.lang.Boolean',
  'java.math.BigDecimal',
  'java.util.Date',
  'java.util.UUID',
  'java.time.LocalDate',
  'java.time.LocalTime',
  'java.time.LocalDateTime',
  'java.time.Instant',
  'java.time.OffsetDateTime',
  'java.time.ZonedDateTime',
] as const

export type JavaType = (typeof JAVA_TYPES)[number]
