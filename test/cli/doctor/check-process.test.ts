import { expect } from 'chai'
import { checkNode, checkParent, type ProcessPlace } from '../../../src/cli/doctor/check-process.ts'

describe('doctor on the process', () => {
  const place = (changes: Partial<ProcessPlace>): ProcessPlace => ({
    environment: {},
    pid: 4712,
    parentPid: 4711,
    parentName: 'systemd',
    ...changes,
  })

  it('takes the oldest Node.js of the range and any later one, and no earlier', () => {
    for (const version of ['20.19.0', '20.20.2', '22.1.0', '24.0.0'])
      expect(checkNode(version, '>=20.19').state, version).to.equal('ok')
    for (const version of ['20.18.3', '18.20.0', '9.99.0'])
      expect(checkNode(version, '>=20.19'), version).to.include({ state: 'problem', exitCode: 2 })
  })

  it('warns of npm, through a shell too, and of a shell that is pid 1', () => {
    const warned = [
      place({ environment: { npm_lifecycle_event: 'nightly' }, parentName: 'sh' }),
      place({ parentPid: 1, parentName: 'sh' }),
      place({ parentPid: 1, parentName: 'bash' }),
    ]
    for (const one of warned) expect(checkParent(one)).to.include({ state: 'warning', exitCode: 0 })
    expect(checkParent(warned[0] ?? place({})).text).to.include('through npm (nightly)')
  })

  it('says nothing against a scheduler, an init, a shell at a terminal, or being pid 1', () => {
    const fine = [
      place({}),
      place({ parentPid: 1 }),
      place({ parentPid: 1, parentName: 'tini' }),
      place({ parentName: 'bash' }),
      place({ pid: 1, parentPid: 0, parentName: undefined }),
    ]
    for (const one of fine) expect(checkParent(one).state).to.equal('ok')
  })
})
