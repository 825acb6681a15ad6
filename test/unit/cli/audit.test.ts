import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { audit } from '../../../cli/commands/audit.ts';
import type { CommandContext } from '../../../cli/context.ts';
import { type Invocation, parseCommandLine } from '../../../cli/program.ts';
import { openLocalJournal } from '../../../engine/local-journal.ts';
import { auditOf } from '../../../src/audit/audit.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import { closeRun } from '../../../src/migration/run/close-run.ts';
import type { JournalRuntime } from '../../../src/migration/runtime.ts';
import { auditVerdict } from '../../../src/model/audit/record.ts';
import { migrationOptions } from '../../../src/model/options.ts';

const clock = { now: () => Date.UTC(2026, 0, 5) };
const TARGET = { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null };
const KEY = { runId: 'run-1', key: 'trust#role', unitId: null, kind: 'trust' as const, object: 'role' };

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podshift-audit-'));
  await inJournal(async (journal) => {
    await journal.createRun({ runId: 'run-1', target: TARGET, options: migrationOptions.parse({}), startedAt: '2026-01-05T00:00:00.000Z' });
    await journal.recordIntent({ ...KEY, before: { document: 'old' } });
    await journal.markApplied('run-1', KEY.key, { document: 'new' });
  });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Does something with the journal of the folder. */
async function inJournal<T>(work: (journal: Journal) => Promise<T>): Promise<T> {
  const { journal, close } = await openLocalJournal({ path: folder, clock });
  return work(journal).finally(() => close());
}

const end = () =>
  inJournal((journal) => {
    const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const runtime = { journal, clock, logger } as unknown as JournalRuntime;
    return closeRun(runtime, { runId: 'run-1', ending: 'planned', reason: '' });
  });

/** What the command prints, says and answers. */
async function podshift(...words: string[]) {
  let stdout = '';
  const said: string[] = [];
  const terminal = {
    talkColumns: 400,
    talk: (line: string) => void said.push(line),
    data: async (text: string) => {
      stdout += text;
    },
  };
  const invocation = parseCommandLine(['audit', ...words, '--journal', folder], '0.0.0', 80) as Invocation;
  const exit = await audit({ terminal, environment: {} } as unknown as CommandContext, invocation);
  return { exit, stdout, said: said.join('\n') };
}

describe('podshift audit', () => {
  it('says what the record of a run says, and how to have the whole one', async () => {
    await end();
    const { exit, stdout, said } = await podshift('run-1');
    expect(exit).toBe('done');
    expect(stdout).toMatch(/^run +run-1$/m);
    expect(stdout).toMatch(/^asked for by +not recorded$/m);
    expect(stdout).toMatch(/^writes +1, undone 0$/m);
    expect(stdout).toMatch(/^ended +2026-01-05T00:00:00.000Z planned$/m);
    expect(stdout).toMatch(/^hash at the end +[0-9a-f]{64}$/m);
    expect(said).toContain('podshift audit run-1');
    expect(said).toContain('-o json');
  });

  it('says that a run which has not ended has no record to be compared with', async () => {
    const { exit, said } = await podshift('run-1', '-o', 'json');
    expect([exit, said]).toEqual(['done', 'run run-1 has not ended: its record is made anew each time until then']);
  });

  it('says that something came after the end of the run', async () => {
    await end();
    await inJournal((journal) => journal.markApplied('run-1', KEY.key, { document: 'made up' }));
    const { exit, said } = await podshift('run-1', '-o', 'json');
    expect([exit, said]).toEqual(['done', '1 record came after the end of run run-1: a late write, or somebody changed the journal']);
  });

  it('exits with 1 where the journal has not what the run had at its end, and says which hash that was', async () => {
    await end();
    const links = await inJournal((journal) => auditOf(journal, 'run-1'));
    await inJournal((journal) => journal.putDocument('run-1', 'audit', links.slice(0, 1)));
    const { exit, said } = await podshift('run-1', '-o', 'json');
    expect(exit).toBe('failed');
    expect(said).toContain(`had ${links.length} records with the last hash ${links.at(-1)?.hash}`);
  });

  it('verifies a file, in words and as an object', async () => {
    await end();
    const file = join(folder, 'audit.json');
    await writeFile(file, (await podshift('run-1', '-o', 'json')).stdout);
    const good = await podshift('--verify', file, '--against', 'run-1');
    expect(good.exit).toBe('done');
    expect(good.stdout).toMatch(/unchanged, \d+ records of run run-1\n {2}note: the file is the audit of the run, as it is now\n$/);
    await writeFile(file, '{}');
    const bad = await podshift('--verify', file);
    expect(bad.exit).toBe('failed');
    expect(bad.stdout).toContain('changed: 1 problem\n  unreadable: it is no audit of podshift');
    const verdict: unknown = JSON.parse((await podshift('--verify', file, '-o', 'json')).stdout);
    expect(auditVerdict.parse(verdict)).toMatchObject({ honest: false, run: null, records: null });
  });
});
