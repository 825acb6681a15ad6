import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createMemoryTable } from '../../engine/memory-table.ts';
import { type Rehearsal, rehearse } from '../../engine/rehearsal.ts';
import { createLogger } from '../../functions/runtime/lambda.ts';
import { createMetrics } from '../../functions/runtime/metrics.ts';
import { auditOf } from '../../src/audit/audit.ts';
import { endsOf, renderAudit } from '../../src/audit/chain.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import type { JournalWrite } from '../../src/journal/stream.ts';
import { createTableJournal } from '../../src/journal/table-journal.ts';
import { EVENT_DETAILS } from '../../src/model/events.ts';
import type { DataPoint } from '../../src/model/metrics.ts';
import type { BusEntry } from '../../src/service/events.ts';
import { publishWrites } from '../../src/service/publish.ts';
import { recordWrites } from '../support/recorded-table.ts';
import { EXAMPLE, settingsOf } from './scenario.ts';

const BASE = { JOURNAL_TABLE: 'table', LOG_LEVEL: 'DEBUG', POWERTOOLS_SERVICE_NAME: 'podshift-test' } as const;
const TRACE = '1-5759e988-bd862e3fe1be46a994272793';

/** A whole migration that waits for approval, and its way back; with everything that it told meanwhile. */
describe('what a migration and its way back tell', () => {
  const writes: JournalWrite[] = [];
  const lines: string[] = [];
  let rehearsal: Rehearsal;

  beforeAll(async () => {
    vi.stubEnv('_X_AMZN_TRACE_ID', `Root=${TRACE};Parent=557abcec3ee5a047;Sampled=1`);
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
    try {
      rehearsal = await rehearse({
        ...(await settingsOf(EXAMPLE)),
        logger: createLogger(BASE),
        approve: async ({ requested }) => ({ digest: (requested as { digest: string }).digest }),
        journal: (clock) => ({
          journal: createTableJournal(
            recordWrites(createMemoryTable(), clock.now, (one) => writes.push(one)),
            clock,
          ),
          close: async () => undefined,
        }),
      });
      await rehearsal.rollback();
    } finally {
      write.mockRestore();
      vi.restoreAllMocks();
      vi.unstubAllEnvs();
    }
  });
  afterAll(() => rehearsal.close());

  /** Publishes all writes in batches, as Lambda hands them over. */
  async function published(size: number): Promise<{ entries: BusEntry[]; points: DataPoint[] }> {
    const entries: BusEntry[] = [];
    const points: DataPoint[] = [];
    const log = () => expect.unreachable('nothing is logged');
    for (let start = 0; start < writes.length; start += size) {
      const from = await publishWrites(
        {
          journal: rehearsal.journal,
          bus: {
            put: async (some) => {
              entries.push(...some);
              return some.map(() => undefined);
            },
          },
          logger: { info: log, warn: log, error: log },
          metrics: { add: (point) => void points.push(point) },
          apiUrl: 'https://api.test',
        },
        writes.slice(start, start + size),
      );
      expect(from).toBeUndefined();
    }
    return { entries, points };
  }

  it('is the last hash of the run’s record at each of its ends, in the event and in a line of the log', async () => {
    const links = await auditOf(rehearsal.journal, rehearsal.runId);
    const hashes = endsOf(links).map(({ hash }) => hash);
    expect(hashes).toHaveLength(2);
    const { entries } = await published(100);
    const told = entries.flatMap(({ Detail }) => (JSON.parse(Detail) as { audit?: { hash: string } | null }).audit?.hash ?? []);
    expect(told).toEqual(hashes);
    for (const hash of hashes) expect(lines.filter((line) => line.includes(`"auditHash":"${hash}"`))).toHaveLength(1);
    expect(verifyAudit(Buffer.from(renderAudit(links)), { hash: hashes[0], run: links })).toMatchObject({ honest: true });
    // What AWS was asked for is there by its request ids, on the way forward and back.
    const records = links.map(({ record }) => record);
    const associations = records.filter((record) => record.kind === 'write' && record.change === 'association');
    expect(associations.length).toBeGreaterThan(1);
    for (const record of associations)
      expect(record).toMatchObject({ requests: [{ service: 'eks', requestId: expect.stringMatching(/./) }] });
    const undone = records.filter((record) => record.kind === 'undo').flatMap(({ requests }) => requests ?? []);
    expect(new Set(undone.map(({ operation }) => operation))).toContain('DeletePodIdentityAssociation');
    expect(new Set(undone.map(({ operation }) => operation))).toContain('UpdateAssumeRolePolicy');
  });

  it('is each state of the run and of each unit, once and in order', async () => {
    const { entries } = await published(100);
    const told = new Map<string, string[]>();
    for (const { DetailType, Detail } of entries) {
      const detail = JSON.parse(Detail);
      expect(EVENT_DETAILS[DetailType as keyof typeof EVENT_DETAILS].strict().safeParse(detail).error).toBeUndefined();
      const subject = detail.unitId ?? 'run';
      const before = told.get(subject) ?? [];
      expect(detail.previousStatus, `${subject} after ${before}`).toBe(before.at(-1)?.split(' ')[0] ?? null);
      told.set(subject, [...before, detail.approval == null ? detail.status : `${detail.status} ${detail.approval}`]);
    }
    const migrated = ['pending', 'running', 'migrated', 'rolling-back', 'rolled-back'];
    const expected = rehearsal.report.units.map(({ namespace, serviceAccount, status }) => [
      `${namespace}/${serviceAccount}`,
      status === 'migrated' ? migrated : ['held'],
    ]);
    expect(expected.filter(([, states]) => states === migrated).length).toBeGreaterThan(3);
    const asked = ['running waiting', 'running approved', 'migrated approved', 'rolling-back approved', 'rolled-back approved'];
    expect(Object.fromEntries(told)).toEqual({ ...Object.fromEntries(expected), run: ['pending', 'running', ...asked] });
  });

  it('has an id for each, the same however the records are cut into batches, and rising numbers', async () => {
    const [first, second] = [await published(100), await published(7)];
    expect(second).toEqual(first);
    const details = first.entries.map(({ Detail }) => JSON.parse(Detail) as { id: string; sequence: string; runId: string });
    expect(new Set(details.map(({ id }) => id)).size).toBe(details.length);
    const sequences = details.map(({ sequence }) => Number(sequence));
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
    expect(details.every(({ runId }) => runId === rehearsal.runId)).toBe(true);
  });

  it('is measured: each end of a run and of a unit', async () => {
    const { points } = await published(100);
    const count = (name: string, status?: string) =>
      points.filter((point) => point.name === name && (status === undefined || point.dimensions.status === status)).length;
    const migrated = rehearsal.report.units.filter(({ status }) => status === 'migrated').length;
    expect([count('RunsEnded', 'migrated'), count('RunsEnded', 'rolled-back'), count('RunsEnded')]).toEqual([1, 1, 2]);
    expect([count('UnitsEnded', 'migrated'), count('UnitsEnded', 'rolled-back'), count('UnitsEnded')]).toEqual([
      migrated,
      migrated,
      2 * migrated,
    ]);
    expect(points.filter(({ name }) => name === 'RunSeconds' || name === 'UnitSeconds').every(({ value }) => value > 0)).toBe(true);
    expect(count('UnitsNeedingOperator') + count('EventsNotPublished')).toBe(0);
  });

  it('is logged line by line, each with its run, its unit where it has one, and its trace', () => {
    const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(parsed.length).toBeGreaterThan(100);
    for (const line of parsed)
      expect(line).toMatchObject({ service: 'podshift-test', runId: rehearsal.runId, xray_trace_id: TRACE, message: expect.any(String) });
    const units = new Set(parsed.flatMap(({ unitId }) => (typeof unitId === 'string' ? [unitId] : [])));
    const begun = rehearsal.report.units.filter(({ status }) => status === 'migrated');
    expect([...units].sort()).toEqual(begun.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`).sort());
  });

  it('holds no secret: no task token, no key, no bearer token', async () => {
    const { entries } = await published(100);
    const text = [...lines, JSON.stringify(entries)].join('\n');
    const tokens = writes.flatMap(({ key, after }) => (key.pk.startsWith('TOKEN#') && after !== undefined ? [String(after.token)] : []));
    expect(tokens.every((token) => token.length > 10) && tokens.length > 0).toBe(true);
    const { secretAccessKey } = rehearsal.twin.credentials;
    const secrets = [...tokens, secretAccessKey, 'k8s-aws-v1.', 'eyJhbGci', 'SecretAccessKey', 'X-Amz-Signature', 'Bearer '];
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
  });
});

describe('the lines of one process', () => {
  const captured = async (work: () => Promise<void> | void): Promise<Record<string, unknown>[]> => {
    const lines: string[] = [];
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
    await work();
    write.mockRestore();
    return lines.map((line) => JSON.parse(line));
  };

  it('are metrics in the embedded metric format, one data point each', async () => {
    const metrics = createMetrics(BASE);
    const lines = await captured(() => {
      metrics.add({ name: 'RunsEnded', value: 1, dimensions: { status: 'migrated' } });
      metrics.add({ name: 'OldestRunningRunSeconds', value: 0, dimensions: {} });
    });
    const metric = (Name: string, Unit: string, more: string[]) => [
      { Namespace: 'podshift', Dimensions: [['service', ...more]], Metrics: [{ Name, Unit }] },
    ];
    expect(lines).toMatchObject([
      {
        _aws: { CloudWatchMetrics: metric('RunsEnded', 'Count', ['status']) },
        service: 'podshift-test',
        status: 'migrated',
        RunsEnded: 1,
      },
      { _aws: { CloudWatchMetrics: metric('OldestRunningRunSeconds', 'Seconds', []) }, OldestRunningRunSeconds: 0 },
    ]);
  });
});
