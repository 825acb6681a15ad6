import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { sayBroken } from '../../../cli/broken-promises.ts';
import { rehearse } from '../../../cli/commands/rehearse.ts';
import { exitCode, exitOfRehearsal } from '../../../cli/exit-codes.ts';
import { type Invocation, parseCommandLine } from '../../../cli/program.ts';
import * as sessions from '../../../cli/sessions.ts';
import { createTerminal } from '../../../cli/terminal.ts';

vi.mock('../../../cli/sessions.ts', { spy: true });

const SHOP = fileURLToPath(new URL('../../../examples/shop', import.meta.url));

/** A terminal that keeps what it is told. */
function listening() {
  const talk: string[] = [];
  const silent = { write: (_text: string, done?: () => void) => done?.() };
  const heard = { write: (text: string) => void talk.push(text.replace(/\n$/, '')) };
  const terminal = createTerminal({ stdout: silent, stderr: heard }, {}, { color: false });
  return { talk, context: { terminal, interrupts: { signal: new AbortController().signal }, environment: {}, debug: false } };
}

const invocationOf = (...words: string[]): Invocation => parseCommandLine(['rehearse', SHOP, ...words], '0.0.0', 80) as Invocation;

describe('a rehearsal', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('has on its page every change with the time of its write', async () => {
    const data: string[] = [];
    const stdout = {
      write: (text: string, done?: () => void) => {
        data.push(text);
        done?.();
      },
    };
    const { context } = listening();
    const terminal = createTerminal({ stdout, stderr: { write: () => undefined } }, {}, { color: false });
    await rehearse({ ...context, terminal }, invocationOf('-o', 'html'));
    const page = data.join('');
    expect(page).toMatch(/^<!doctype html>/);
    const fates = [...page.matchAll(/<dd><b>([^<]*)<\/b> <i>([^<]*)<\/i>/g)].map(
      ([, field, fate]) => `${field}: ${fate?.replace(/\d\d:\d\d:\d\d/, 'TIME')}`,
    );
    expect(fates.length).toBeGreaterThan(25);
    expect(fates.filter((fate) => !fate.endsWith(': written at TIME'))).toEqual([]);
    expect(page).toMatch(/wave 4<\/span><span class="text"><span>3 migrated<\/span> <span class="time">\d\d:\d\d:\d\d to /);
  });

  it.each([
    ['done', [], 0],
    ['partial', [], 4],
    ['rolledBack', [], 5],
    ['done', ['x'], 1],
    ['partial', ['x'], 1],
    ['rolledBack', ['x'], 1],
  ] as const)('that ended as %s, with %j broken, exits with %i', (exit, broken, code) => {
    expect(exitCode(exitOfRehearsal(exit, broken))).toBe(code);
  });

  it('says what it broke, the first twenty one by one', () => {
    const { talk, context } = listening();
    sayBroken(context.terminal, []);
    expect(talk).toEqual([]);
    sayBroken(
      context.terminal,
      Array.from({ length: 22 }, (_, index) => `continuity: ${index}`),
    );
    expect(talk).toHaveLength(21);
    expect(talk[0]).toBe('promise broken: continuity: 0');
    expect(talk.at(-1)).toBe('and 2 more');
  });

  it('takes percents of the time in which EKS Auth fails', () => {
    expect(invocationOf().flags.eksAuthFaults).toBe(0);
    expect(invocationOf('--eks-auth-faults', '20').flags.eksAuthFaults).toBe(20);
    for (const wrong of ['101', '-1', 'many', '2.5'])
      expect(() => invocationOf(`--eks-auth-faults=${wrong}`)).toThrow(
        expect.objectContaining({ name: 'UsageError', message: expect.stringContaining('it is a whole number from 0 to 100') }),
      );
  });

  it('exits with 1 where its own watch saw a promise broken, and says which; and with its run where it saw none', async () => {
    const lost: string[] = [];
    const open = (await vi.importActual<typeof sessions>('../../../cli/sessions.ts')).openTwinSession;
    vi.mocked(sessions.openTwinSession).mockImplementation(async (...given) => ({ ...(await open(...given)), broken: () => lost }));
    const words = ['--service-account', 'shop/orders', '--eks-auth-faults', '30'];
    const clean = listening();
    expect(await rehearse(clean.context, invocationOf(...words))).toBe('done');
    expect(clean.talk.filter((line) => line.startsWith('promise broken'))).toEqual([]);
    expect(clean.talk.at(-1)).toMatch(/^EKS Auth failed \d+ of \d+ calls by itself \(--eks-auth-faults 30\)/);
    lost.push('nothing else touched: Role/shop-orders: trust policy: removed statement 1');
    const broken = listening();
    expect(await rehearse(broken.context, invocationOf(...words))).toBe('failed');
    expect(broken.talk).toContain('promise broken: nothing else touched: Role/shop-orders: trust policy: removed statement 1');
  });
});
