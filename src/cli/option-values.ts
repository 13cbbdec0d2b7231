/** Values of options, as commands read them. */
import { InvalidArgumentError } from 'commander'

/** @throws InvalidArgumentError */
export function positiveInteger(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number from 1 on.')
}

/** Of what is counted out one by one. @throws InvalidArgumentError */
export function smallNumber(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number from 1 to 99999.')
}

/** A number of seconds from 0 on, with or without an `s`. @throws InvalidArgumentError */
export function seconds(text: string): number {
  const [, number] = /^(\d{1,6}(?:\.\d+)?)s?$/.exec(text) ?? []
  if (number !== undefined) return Number(number)
  throw new InvalidArgumentError('It must be a number of seconds, such as 25.')
}

/** Of an option that may be repeated. */
export function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value]
}
