import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extend, headOf, renderAudit } from '../../src/audit/chain.ts';
import { additions, recordsOf } from '../../src/audit/records.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { findTool, run } from '../cluster/run.ts';
import { history, rolledBack } from '../unit/fixtures/audit-history.ts';
import { sayMissing } from './behaviours.ts';

const CHECKER = fileURLToPath(new URL('../python/verify_audit.py', import.meta.url));

const python = await findTool('python3', process.env);
const missing = python === undefined ? 'there is no python3 on the PATH' : undefined;
sayMissing('the independent checker of audits', missing);

const LINKS = extend([], recordsOf(history()));
const LATER = extend(LINKS, additions(LINKS, recordsOf(rolledBack())));
const FILE = renderAudit(LATER);

describe.skipIf(missing !== undefined)('a checker in Python that knows docs/audit.md alone', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'podshift-checker-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const check = async (text: string, ...more: string[]) => {
    const file = join(folder, 'audit.json');
    await writeFile(file, text);
    const { code, stdout } = await run(python ?? '', [CHECKER, file, ...more], { environment: process.env });
    return { code, said: stdout.trim() };
  };

  it('passes an honest record, and the hash of each of its ends', async () => {
    expect(await check(FILE)).toEqual({ code: 0, said: 'unchanged' });
    expect(await check(FILE, headOf(LINKS).last)).toEqual({ code: 0, said: 'unchanged' });
    expect(await check(FILE, headOf(LATER).last)).toEqual({ code: 0, said: 'unchanged' });
    expect(await check(FILE, 'a'.repeat(64))).toEqual({ code: 1, said: 'no record has the known hash' });
  });

  it.each([
    ['a changed value', (text: string) => text.replace('probe-pod', 'probe-pad'), /^record \d+ is not as its hash says$/],
    ['a changed letter beyond ASCII', (text: string) => text.replace('Grüße', 'Gruße'), /^record \d+ is not as its hash says$/],
    ['a record that was dropped', (text: string) => text.split('\n').toSpliced(4, 1).join('\n'), /^record 3 is not as its hash says$/],
    ['a changed hash', (text: string) => text.replace(headOf(LINKS).last, 'a'.repeat(64)), /^(record \d+ is not|ends is wrong)/],
  ])('finds %s, as podshift does', async (_title, change, said) => {
    const changed = change(FILE);
    expect(changed).not.toBe(FILE);
    expect(await check(changed)).toEqual({ code: 1, said: expect.stringMatching(said) });
    expect(verifyAudit(Buffer.from(changed), {}).honest).toBe(false);
  });
});
