import pLimit from 'p-limit';
import { PodshiftError } from '../model/errors.ts';
import type { Journal } from './journal.ts';
import { chunkKey, chunkPrefix, documentKey, packDocument, runPartition, unpackDocument } from './layout.ts';
import type { Table } from './table.ts';

/** Chunks under way at once. */
const CONCURRENCY = 16;

/** The journal's documents: a manifest that names the digest of its chunks, and the chunks, which never change. */
export function createDocuments(table: Table): Pick<Journal, 'putDocument' | 'getDocument'> {
  return {
    putDocument: async (runId, name, value) => {
      const { digest, chunks } = packDocument(value);
      const limit = pLimit(CONCURRENCY);
      await Promise.all(chunks.map((chunk, index) => limit(() => table.put({ ...chunkKey(runId, name, digest, index), chunk }))));
      const before = await table.get(documentKey(runId, name));
      // The document is whole or absent: it changes with this one write.
      await table.put({ ...documentKey(runId, name), digest, chunks: chunks.length });
      if (before !== undefined && before.digest !== digest) {
        const old = Array.from({ length: before.chunks as number }, (_, index) => chunkKey(runId, name, before.digest as string, index));
        await Promise.all(old.map((key) => limit(() => table.remove(key))));
      }
    },
    getDocument: async (runId, name) => {
      for (let digest = ''; ; ) {
        const manifest = await table.get(documentKey(runId, name));
        if (manifest === undefined) {
          return undefined;
        }
        const chunks = await table.query(runPartition(runId), chunkPrefix(name, manifest.digest as string));
        if (chunks.length === manifest.chunks) {
          return unpackDocument(chunks.map((item) => item.chunk as Uint8Array));
        }
        if (manifest.digest === digest) {
          throw new PodshiftError(
            'InternalError',
            `the ${name} of run ${runId} lacks ${(manifest.chunks as number) - chunks.length} chunks`,
          );
        }
        // Replaced between the two reads.
        digest = manifest.digest as string;
      }
    },
  };
}
