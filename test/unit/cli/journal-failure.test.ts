import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CommandContext } from '../../../cli/context.ts';
import { type Invocation, parseCommandLine } from '../../../cli/program.ts';
import { openSessionJournal, type Session } from '../../../cli/sessions.ts';
import { stopped, stoppedByFailure } from '../../../cli/stopped.ts';
import { createTerminal } from '../../../cli/terminal.ts';
import { PodshiftError } from '../../../src/model/errors.ts';
import { migrationOptions } from '../../../src/model/options.ts';

const clock = { now: () => Date.UTC(2026, 0, 5, 9) };

function parsed(...argv: string[]): Invocation {
  const result = parseCommandLine(argv, '0.0.0', 80);
  if ('text' in result) throw new Error('help, where a command was expected');
  return result;
}

/** What a command gets, with somebody who can interrupt it, and what it says. */
function setting() {
  const written = { talk: '' };
  const stdout = { write: (_text: string, done?: () => void) => done?.() };
  const stderr = {
    write: (text: string, done?: () => void) => {
      written.talk += text;
      done?.();
    },
  };
  const interrupts = new AbortController();
  const terminal = createTerminal({ stdout, stderr }, { NO_COLOR: '1' }, { color: false });
  const context: CommandContext = { terminal, interrupts, environment: {}, debug: false };
  return { context, interrupts, written };
}

async function opened(context: CommandContext) {
  const path = mkdtempSync(join(tmpdir(), 'podshift-failing-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  const invocation = parsed('run', '--cluster', 'shop', '--approve', '--journal', path);
  const { local, signal } = await openSessionJournal(invocation, context, clock, 'folder');
  onTestFinished(() => local.close());
  const target = { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null };
  const newRun = { runId: 'r', target, options: migrationOptions.parse({}), startedAt: '2026-01-05T09:00:00.000Z' };
  return { path, invocation, journal: local.journal, signal, newRun };
}

/** Lets the next write fail: another podshift has carried the journal over. */
function carryOver(path: string): void {
  const database = new DatabaseSync(join(path, 'journal.db'));
  database.exec('PRAGMA user_version = 99');
  database.close();
}

describe('a journal that fails in the middle of a run', () => {
  it('stops the run with its own error, once', async () => {
    const { context } = setting();
    const { path, journal, signal, newRun } = await opened(context);
    await journal.createRun(newRun);
    expect(signal.aborted).toBe(false);
    carryOver(path);
    await expect(journal.updateRun('r', { status: 'running' })).rejects.toMatchObject({ name: 'JournalTooNew' });
    expect(signal).toMatchObject({ aborted: true, reason: { name: 'JournalTooNew' } });
    await expect(journal.updateRun('r', { status: 'running' })).rejects.toBe(signal.reason);
  });

  it('is not what stops a run that somebody interrupts', async () => {
    const { context, interrupts } = setting();
    const { signal } = await opened(context);
    interrupts.abort();
    expect(signal.reason).toBe(interrupts.signal.reason);
  });

  it('is said with what to do, and how the run goes on', async () => {
    const { context, written } = setting();
    const { invocation, journal, newRun, path } = await opened(context);
    await journal.createRun(newRun);
    const signal = AbortSignal.abort(new PodshiftError('JournalFull', 'the journal in j cannot be written: the disk is full'));
    const session = { journal, signal } as unknown as Session;
    expect(await stoppedByFailure(context, session, 'r', invocation)).toBe('failed');
    expect(written.talk).toContain('error PE604 JournalFull: the journal in j cannot be written: the disk is full');
    expect(written.talk).toContain('Free space');
    expect(written.talk).toContain(`podshift run --local --resume r --journal ${path}\n`);
    expect(written.talk).toContain(`podshift rollback r --journal ${path} --approve\n`);
  });

  it('offers no way on for a run that was never recorded', async () => {
    const { context, written } = setting();
    const { invocation, journal } = await opened(context);
    const signal = AbortSignal.abort(new PodshiftError('JournalFull', 'full'));
    await stoppedByFailure(context, { journal, signal } as unknown as Session, 'r', invocation);
    expect(written.talk).not.toContain('--resume');
  });

  it('of a rollback is said with how the rollback goes on', () => {
    const { context, written } = setting();
    expect(stopped(context, 'r', parsed('rollback', 'r', '--approve'))).toBe('interrupted');
    expect(written.talk).toContain('podshift rollback r --approve\n');
    expect(written.talk).not.toContain('--resume');
  });
});
