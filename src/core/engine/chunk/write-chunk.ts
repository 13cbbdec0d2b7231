/** Writes one chunk and commits it: in one go where nothing is wrong with it. */
import { type ChunkWriting, commitChunk, type WrittenChunk } from './commit-chunk.ts'
import type { FilledChunk } from './filled-chunk.ts'
import { rewriteChunk } from './rewrite-chunk.ts'
import { skipRoom } from './skip-room.ts'

/**
 * After a rejection nothing of the chunk is written or counted, and the writer stands where it stood before.
 * @throws BatchError WRITE_FAILED, SKIP_LIMIT_EXCEEDED, or what the repository says: LEASE_LOST, REPOSITORY_UNAVAILABLE …
 */
export async function writeChunk(writing: ChunkWriting, chunk: FilledChunk): Promise<WrittenChunk> {
  const room = skipRoom(writing.run, writing.faults, chunk)
  room.check(chunk.skips.length, () => chunk.skips)
  const first = await commitChunk(writing, chunk, {
    pipelined: writing.target.sink.pipelined === true,
    write: chunk.outputs.length === 0 ? undefined : chunk.write,
    result: () => ({ written: chunk.outputs, skips: [] }),
  })
  return first.outcome === 'committed' ? first.chunk : rewriteChunk(writing, chunk, room, first.failure)
}
