import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import {
  BUILD_NEEDS,
  JAVA,
  javaMajor,
  javaProgram,
  MAVEN,
  PYTHON_NEEDS,
  requireOnMachine,
  SCHEDULER_NEEDS,
} from '../../../scripts/services/machine-needs.ts'

describe('What the machine must have', () => {
  const before = { PATH: process.env['PATH'], JAVA_HOME: process.env['JAVA_HOME'] }
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'batchwright-machine-'))
    process.env['PATH'] = folder
    delete process.env['JAVA_HOME']
  })

  afterEach(() => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
    rmSync(folder, { recursive: true })
  })

  function program(name: string, said: string): void {
    writeFileSync(join(folder, name), `#!/bin/sh\necho '${said}' >&2\n`)
    chmodSync(join(folder, name), 0o755)
  }

  it('is told all at once, with the Debian packages that bring it', () => {
    expect(() => requireOnMachine([JAVA, MAVEN, ...BUILD_NEEDS])).to.throw(
      /java 17 or newer \(java cannot be run\)[^]*mvn[^]*apt-get install --no-install-recommends default-jre-headless maven g\+\+ make python3 libssl-dev zlib1g-dev libzstd-dev$/,
    )
  })

  it('names only what is missing', () => {
    program('java', 'openjdk version "21.0.1" 2023-10-17')
    expect(() => requireOnMachine([JAVA, MAVEN])).to.throw(/lacks\n {2}mvn/)
    program('mvn', 'Apache Maven 3.8.7')
    expect(() => requireOnMachine([JAVA, MAVEN])).not.to.throw()
  })

  it('is a Python that can make environments, and the programs of schedulers', () => {
    const { cron, curl, systemd } = SCHEDULER_NEEDS
    expect(() => requireOnMachine([...PYTHON_NEEDS, curl, systemd])).to.throw(
      /python3 with venv \(python3 cannot be run\)[^]*--no-install-recommends python3-venv curl systemd$/,
    )
    writeFileSync(join(folder, 'python3'), '#!/bin/sh\nexit 1\n')
    chmodSync(join(folder, 'python3'), 0o755)
    expect(() => requireOnMachine(PYTHON_NEEDS)).to.throw('import venv, ensurepip ends with 1')
    expect(cron.debianPackage).to.equal('cron')
  })

  it('is not an old Java', () => {
    program('java', 'openjdk version "11.0.2" 2019-01-15')
    expect(() => requireOnMachine([JAVA])).to.throw('java 17 or newer (java is Java 11)')
    program('java', 'command not supported')
    expect(JAVA.problem()).to.equal('java does not tell its version')
  })

  it('knows the versions of Java, in the old way of counting too', () => {
    expect(javaMajor('openjdk version "17.0.15" 2025-04-15')).to.equal(17)
    expect(javaMajor('java version "1.8.0_452"')).to.equal(8)
    expect(javaMajor('openjdk version "25" 2025-09-16')).to.equal(25)
  })

  it('takes the Java of JAVA_HOME first', () => {
    expect(javaProgram({ JAVA_HOME: '/opt/jdk' })).to.equal('/opt/jdk/bin/java')
    expect(javaProgram({ JAVA_HOME: '' })).to.equal('java')
  })
})
