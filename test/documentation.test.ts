import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect } from 'chai'

const PAGES = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' }).map((name) => `docs/${name}`),
].filter((name) => name.endsWith('.md'))

describe('The documentation', () => {
  it('has no TypeScript that is neither compiled nor marked as a fragment', () => {
    const unmarked = PAGES.flatMap((page) => samplesOf(page)).filter(({ mark }) => mark === undefined)
    expect(unmarked.map(({ page, line }) => `${page}:${line}`)).to.deep.equal([])
  })

  it('has samples that compile', function () {
    this.timeout(60_000)
    mkdirSync('dist/samples', { recursive: true })
    const folder = mkdtempSync('dist/samples/run-')
    try {
      const samples = PAGES.flatMap((page) => samplesOf(page)).filter(({ mark }) => mark === 'compiled')
      expect(samples.length).to.be.greaterThan(2)
      const files = samples.map(({ page, name, line, text }) => {
        const ofPage = join(folder, page.replaceAll(/\W/g, '-'))
        mkdirSync(ofPage, { recursive: true })
        const file = join(ofPage, name ?? `line-${line}.ts`)
        writeFileSync(file, text)
        return file
      })
      const options = [
        '--noEmit',
        '--strict',
        '--module',
        'nodenext',
        '--target',
        'es2022',
        '--lib',
        'es2023,esnext.disposable',
        '--allowImportingTsExtensions',
        '--moduleDetection',
        'force',
        '--skipLibCheck',
        '--types',
        'node',
        '--ignoreConfig',
      ]
      const { status, stdout } = spawnSync(
        process.execPath,
        ['node_modules/typescript/bin/tsc', ...options, ...files],
        { encoding: 'utf8' },
      )
      expect(status, stdout).to.equal(0)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('has no link into nothing', () => {
    const broken = PAGES.flatMap((page) => {
      const links = [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(
        ([, target = '']) => target,
      )
      return links
        .filter((target) => !exists(resolve(dirname(page), target)))
        .map((target) => `${page} → ${relative('.', target)}`)
    })
    expect(broken).to.deep.equal([])
  })

  it('is read on the first screen: the README has at most 120 lines', () => {
    expect(readFileSync('README.md', 'utf8').trimEnd().split('\n')).to.have.lengthOf.at.most(120)
  })
})

interface Sample {
  readonly page: string
  /** Of the block's fence. */
  readonly line: number
  readonly mark: 'compiled' | 'fragment' | undefined
  /** The file that other samples of the page import it as. */
  readonly name: string | undefined
  readonly text: string
}

/** The TypeScript blocks of a page. The comment in the line above says what becomes of them. */
function samplesOf(page: string): readonly Sample[] {
  const content = readFileSync(page, 'utf8')
  const blocks = content.matchAll(/^(.*)\n```(?:ts|typescript)\b.*\n([\s\S]*?)^```/gm)
  return [...blocks].map(({ 0: block, 1: above = '', 2: text = '', index }) => {
    const [, compiled, name] = /^<!-- (compiled|quick start)(?:: ([\w.-]+\.ts))? -->$/.exec(above) ?? []
    const isFragment = above === '<!-- fragment -->'
    const mark = compiled !== undefined ? 'compiled' : isFragment ? 'fragment' : undefined
    const line = content.slice(0, index + block.indexOf('```')).split('\n').length
    return { page, line, mark, name, text }
  })
}

function exists(path: string): boolean {
  try {
    readFileSync(path)
    return true
  } catch (error) {
    return (error as { code?: string }).code === 'EISDIR'
  }
}
