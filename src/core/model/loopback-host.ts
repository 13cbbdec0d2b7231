/** Whether a host is this machine, and can be reached from nowhere else. */
import { isIPv4 } from 'node:net'

/** Of a name or an address as it is listened on, or as it stands in a URL. Names below `localhost` depend on whoever resolves them. */
export function isLoopbackHost(host: string): boolean {
  return ['localhost', '::1', '[::1]'].includes(host) || (isIPv4(host) && host.startsWith('127.'))
}
