import { describe, expect, it, onTestFinished } from 'vitest';
import { createMemoryTable } from '../../../engine/memory-table.ts';
import { rehearse } from '../../../engine/rehearsal.ts';
import { handler as getPage } from '../../../functions/api/get-page.ts';
import { createPageStore } from '../../../src/aws/page-store.ts';
import type { JournalWrite } from '../../../src/journal/stream.ts';
import { createTableJournal } from '../../../src/journal/table-journal.ts';
import type { BusEntry } from '../../../src/service/events.ts';
import { publishWrites } from '../../../src/service/publish.ts';
import { recordWrites } from '../../support/recorded-table.ts';
import { call } from '../fixtures/api-requests.ts';
import { notices } from '../fixtures/notices.ts';
import { startScript } from '../fixtures/scripted-server.ts';

const CREDENTIALS = { accessKeyId: 'ASIAIOSFODNN7EXAMPLE', secretAccessKey: 'the-secret-key', sessionToken: 'the-session-token' };
/** What a presigned URL has that opens something, and what its signer has. */
const OPENS = /X-Amz-(Signature|Security-Token|Credential)|ASIAIOSFODNN7EXAMPLE|the-secret-key|the-session-token/i;

describe('what a served run leaves behind', () => {
  it('has no link to its page that opens it, from its start to the end of its rollback, although such links were asked for', async () => {
    const stored = new Map<string, string>();
    const bucket = await startScript(({ method, path, body }) => {
      if (method === 'PUT') stored.set(path, body);
      return { status: stored.has(path) ? 200 : 403 };
    });
    const writes: JournalWrite[] = [];
    const logs: string[] = [];
    const log = (message: string, fields?: Record<string, unknown>) => void logs.push(JSON.stringify({ message, ...fields }));
    const logger = { info: log, warn: log, error: log };
    const startAt = Date.UTC(2026, 0, 5, 9);
    const pages = createPageStore({
      bucketUrl: `${bucket.url}/pages`,
      region: 'eu-central-1',
      credentials: async () => CREDENTIALS,
      clock: { now: () => startAt },
      retryDelays: 'none',
    });
    const rehearsal = await rehearse({
      snapshot: 'examples/shop',
      startAt,
      options: { namespaces: ['media'], soakSeconds: 60, injectionChecks: 2 },
      pages,
      logger,
      journal: (clock) => ({
        journal: createTableJournal(
          recordWrites(
            createMemoryTable(),
            () => clock.now(),
            (write) => void writes.push(write),
          ),
          clock,
        ),
        close: async () => undefined,
      }),
    });
    onTestFinished(() => rehearsal.close());
    const { runId, runtime, journal } = rehearsal;
    const ask = () => call(getPage, { ...runtime, pages }, { path: { runId } });
    const links = [await ask()];
    await rehearsal.rollback();
    links.push(await ask());
    expect([rehearsal.report.run.status, (await journal.getRun(runId)).status]).toEqual(['migrated', 'rolled-back']);
    // Who asks gets one that opens it: what follows would find it elsewhere, too.
    for (const { status, text } of links) expect([status, OPENS.test(text)]).toEqual([200, true]);
    expect(stored.size).toBe(2);

    const entries: BusEntry[] = [];
    const put = async (some: readonly BusEntry[]) => {
      entries.push(...some);
      return some.map(() => undefined);
    };
    const measures: unknown[] = [];
    const metrics = { add: (point: unknown) => void measures.push(point) };
    const apiUrl = 'https://api.test';
    await publishWrites({ journal, bus: { put }, logger, metrics, apiUrl }, writes);
    const told = entries.map(({ DetailType, Detail }) => ({ detailType: DetailType, detail: JSON.parse(Detail) }));
    const published = await notices(told);
    expect(published.filter((text) => text.includes('has ended'))).toHaveLength(2);
    const places: Readonly<Record<string, readonly unknown[]>> = {
      events: told,
      notifications: published,
      journal: writes,
      logs,
      measures,
      pages: [...stored.values()],
    };
    for (const [place, all] of Object.entries(places)) {
      expect(all.length, place).toBeGreaterThan(0);
      expect(
        all.filter((one) => OPENS.test(JSON.stringify(one))),
        place,
      ).toEqual([]);
    }
  });
});
