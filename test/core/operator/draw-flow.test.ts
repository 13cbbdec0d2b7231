import { expect } from 'chai'
import { drawFlow } from '../../../src/core/operator/draw-flow.ts'
import { jobOf } from '../run-job.ts'

/** Reads the part of Mermaid that is drawn here, and nothing else. */
function readMermaid(text: string) {
  const [header, ...lines] = text.trimEnd().split('\n')
  expect(header).to.equal('flowchart TD')
  const label = String.raw`"((?:[^"#\\<>&\x60;]|#\d+;)*)"`
  const nodes = new Map<string, string>()
  const arrows: (readonly [string, string, string])[] = []
  const inside: string[] = []
  const decoded = (words: string) =>
    words.replace(/#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
  for (const line of lines) {
    const node = new RegExp(String.raw`^ +(subgraph )?(\w+)(\(\(|\(\[|\[|\{)${label}(\)\)|\]\)|\]|\})$`).exec(
      line,
    )
    const arrow = new RegExp(String.raw`^ +(\w+) (-->|-\.->)(?:\|${label}\|)? (\w+)$`).exec(line)
    if (node !== null) {
      const [, box, id = '', , words = ''] = node
      expect(nodes.has(id), `${id} twice`).to.equal(false)
      nodes.set(id, [...inside, decoded(words)].join('/'))
      if (box !== undefined) inside.push(decoded(words))
    } else if (arrow !== null) {
      const [, from = '', , words = '', to = ''] = arrow
      arrows.push([from, decoded(words), to])
    } else if (line.trim() === 'end') {
      expect(inside.pop(), 'an end without a subgraph').not.to.equal(undefined)
    } else expect.fail(`not understood: ${line}`)
  }
  expect(inside, 'subgraphs that do not end').to.deep.equal([])
  return arrows.map(([from, words, to]) => {
    for (const id of [from, to]) expect(nodes.has(id), `${id} is not drawn`).to.equal(true)
    return `${nodes.get(from)} -${words}-> ${nodes.get(to)}`
  })
}

describe('The drawing of a flow', () => {
  it('has the steps of a job in their order', () => {
    const job = jobOf((step) => ({ load: step.tasklet(() => {}), report: step.tasklet(() => {}) }))
    expect(drawFlow(job)).to.equal(
      [
        'flowchart TD',
        '  begin(("begin"))',
        '  s1["load"]',
        '  s2["report"]',
        '  s1 --> s2',
        '  begin --> s1',
        '',
      ].join('\n'),
    )
  })

  it('has transitions, decisions, splits, flows within it, ends and restarts', () => {
    const job = jobOf(
      (step) =>
        Object.fromEntries(['load', 'a', 'b', 'c', 'fix'].map((name) => [name, step.tasklet(() => {})])),
      {
        flow: ({ flow, decide, split, nested, end, fail, stop }) =>
          flow('load', {
            load: { 'C*': 'size', FAILED: stop({ restartAt: 'load', exitCode: 'WAITING' }), '*': fail() },
            size: decide(() => 'LARGE' as string, { LARGE: 'both', '*': end('SMALL') }),
            both: split({ left: ['a', 'b'], right: ['c'] }, 'mended'),
            mended: nested(flow('fix', { fix: { '*': end() } }), 'last'),
          } as never),
      },
    )
    expect(readMermaid(drawFlow(job))).to.have.members([
      'begin --> load',
      'load -C*-> size',
      'load -FAILED-> STOPPED: WAITING',
      'STOPPED: WAITING -restart-> load',
      'load -*-> FAILED',
      'size -LARGE-> both',
      'size -*-> COMPLETED: SMALL',
      'both/left/a --> both/left/b',
      'both --> mended',
      'mended/fix -*-> mended/COMPLETED',
      'mended --> last',
    ])
  })

  it('survives whatever stands in a name', () => {
    const name = 'a "b" #c; <d> `e` {f} [g] (h) | \\ end\n-->&amp;'
    const job = jobOf((step) => ({ [name]: step.tasklet(() => {}), end: step.tasklet(() => {}) }), {
      flow: ({ flow }) => flow(name, { [name]: { [`${name}*`]: 'end' } } as never),
    })
    expect(readMermaid(drawFlow(job))).to.deep.equal([
      `${name.replace('\n', ' ')} -${name.replace('\n', ' ')}*-> end`,
      `begin --> ${name.replace('\n', ' ')}`,
    ])
  })
})
