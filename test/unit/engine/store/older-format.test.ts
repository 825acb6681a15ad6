import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLocalJournal, readLocalJournal } from '../../../../engine/local-journal.ts';
import { migrationOptions } from '../../../../src/model/options.ts';
import { openDynaliteJournal } from '../../../support/dynalite-journal.ts';
import { newFolder, open } from './scene.ts';

const clock = { now: () => Date.UTC(2026, 0, 5, 9) };
const PLAN = { units: Array.from({ length: 2000 }, (_, index) => `unit ${index * 7919}`) };
const entry = {
  runId: 'r',
  key: 'k',
  unitId: null,
  kind: 'trust' as const,
  object: 'arn:aws:iam::111122223333:role/cart',
  before: { a: 1 },
};

describe('the journal of an older podshift', () => {
  let root = '';
  /** As a process left it that ended, and as one that was killed. */
  let journals: Readonly<Record<string, string>>;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'podshift-older-'));
    const [closed, killed] = [join(root, 'closed'), join(root, 'killed')];
    const { journal, close } = await openDynaliteJournal({ clock, path: closed });
    const target = { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null };
    await journal.createRun({ runId: 'r', target, options: migrationOptions.parse({}), startedAt: '2026-01-05T09:00:00.000Z' });
    await journal.putDocument('r', 'plan', PLAN);
    await journal.recordIntent(entry);
    await journal.updateRun('r', { status: 'running', reason: 'under way' });
    cpSync(closed, killed, { recursive: true });
    await close();
    journals = { closed, killed };
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  function copyOf(name: string): string {
    const copy = newFolder();
    cpSync(journals[name] ?? '', copy, { recursive: true });
    return copy;
  }

  describe.each([
    ['looks at', readLocalJournal],
    ['goes on with', openLocalJournal],
  ])('of one who %s it', (_what, reading) => {
    it.each(['closed', 'killed'])('is carried over as a whole (%s), and put aside', async (name) => {
      const path = copyOf(name);
      const opened = await reading({ path, clock });
      expect(await opened?.journal.listRuns()).toMatchObject([{ runId: 'r', status: 'running', reason: 'under way' }]);
      expect(await opened?.journal.getDocument('r', 'plan')).toEqual(PLAN);
      expect(await opened?.journal.listEntries('r')).toMatchObject([{ key: 'k', before: { a: 1 }, state: 'intended' }]);
      await opened?.close();
      expect(readdirSync(path).sort()).toEqual(expect.arrayContaining(['journal.db', 'journal.db-commits', 'older-format']));
      expect(readdirSync(path).filter((file) => /^(CURRENT|LOCK|MANIFEST.*|.*\.(log|ldb)|older-format-copy)$/.test(file))).toEqual([]);
      expect(readdirSync(join(path, 'older-format'))).toEqual(expect.arrayContaining(['CURRENT', 'LOCK']));
      expect(
        [path, 'older-format'].map((folder) => (statSync(join(path, folder === path ? '' : folder)).mode & 0o777).toString(8)),
      ).toEqual(['700', '700']);
    });

    it('is named where it was cut or overwritten, and stays as it is', async () => {
      for (const harm of ['log', 'current', 'no current', 'manifest'] as const) {
        const path = copyOf('killed');
        const [log = ''] = readdirSync(path).filter((file) => file.endsWith('.log'));
        const [manifest = ''] = readdirSync(path).filter((file) => file.startsWith('MANIFEST'));
        const content = readFileSync(join(path, log));
        if (harm === 'log') writeFileSync(join(path, log), content.fill(7, 3000, 3100));
        if (harm === 'current') writeFileSync(join(path, 'CURRENT'), 'nonsense');
        if (harm === 'no current') rmSync(join(path, 'CURRENT'));
        if (harm === 'manifest') writeFileSync(join(path, manifest), 'nonsense');
        const before = readdirSync(path);
        const kept = readFileSync(join(path, log));
        await expect(reading({ path, clock }), harm).rejects.toMatchObject({
          name: 'JournalDamaged',
          message: expect.stringContaining(path),
        });
        expect(readdirSync(path)).toEqual(expect.arrayContaining(before));
        expect(readFileSync(join(path, log)).equals(kept)).toBe(true);
        // And again: what was found is not taken for less the next time.
        await expect(reading({ path, clock }), harm).rejects.toMatchObject({ name: 'JournalDamaged' });
      }
    });
  });

  it('is carried over to the end where a process died on the way', async () => {
    const path = copyOf('closed');
    // It had made the new journal, and taken the items in, when it died.
    const whole = copyOf('closed');
    await (await openLocalJournal({ path: whole, clock })).close();
    for (const name of ['journal.db', 'journal.db-commits']) cpSync(join(whole, name), join(path, name));
    const opened = await openLocalJournal({ path, clock });
    expect(await opened.journal.listRuns()).toMatchObject([{ runId: 'r', reason: 'under way' }]);
    await opened.journal.updateRun('r', { reason: 'newer' });
    await opened.close();
    expect(readdirSync(path)).not.toContain('CURRENT');
  });

  it('that an older podshift writes beside a newer one is taken in too, and nothing newer is lost', async () => {
    const path = copyOf('closed');
    const first = await openLocalJournal({ path, clock });
    await first.journal.updateRun('r', { reason: 'newer' });
    await first.close();
    cpSync(join(path, 'older-format'), path, { recursive: true });
    const second = await openLocalJournal({ path, clock });
    expect(await second.journal.getRun('r')).toMatchObject({ reason: 'newer' });
    await second.close();
    expect(readdirSync(join(path, 'older-format')).filter((name) => name.startsWith('CURRENT'))).toEqual(['CURRENT', 'CURRENT.2']);
  });

  it('is told from the database of another program', async () => {
    const path = newFolder();
    const other = new ClassicLevel(path);
    await other.put('key', 'value');
    await other.close();
    await expect(open(path)).rejects.toMatchObject({ name: 'JournalForeign' });
    const again = new ClassicLevel(path);
    expect(await again.get('key')).toBe('value');
    await again.close();
  });
});
