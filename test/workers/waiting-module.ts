/** A module whose batch is never there: it waits for something that does not come. */
export default function openBatch(): Promise<never> {
  setInterval(() => {}, 60_000)
  return new Promise(() => {})
}
