/** A reader that dies with its process. */
import type { ItemReader, OpenedReader } from '../../core/ports/item-reader.ts'
import type { KillSwitch } from './kill-switch.ts'

export function mortalReader<T>(life: KillSwitch, step: string, reader: ItemReader<T>): ItemReader<T> {
  return {
    ...reader,
    open: async (scope) => {
      life.assertAlive()
      const opened = mortalOpened(life, step, await reader.open(scope))
      life.pass('after open', `${step}, reader`)
      return opened
    },
  }
}

function mortalOpened<T>(life: KillSwitch, step: string, opened: OpenedReader<T>): OpenedReader<T> {
  let items = 0
  return {
    ...opened,
    read: async (limit) => {
      const where = `${step}, behind ${items} items read`
      life.pass('before read', where)
      const page = await life.whileAlive(() => opened.read(limit))
      items += page?.items.length ?? 0
      life.pass('after read', where)
      return page
    },
    close: life.closing(() => opened.close()),
  }
}
