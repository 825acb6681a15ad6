import { describe, expect, it } from 'vitest';
import { type StatusSight, watchStatus } from '../../../cli/runs/watch-status.ts';
import { createTerminal } from '../../../cli/terminal.ts';
import type { RunState } from '../../../src/model/run-state.ts';

const NOW = Date.parse('2026-03-02T10:00:00.500Z');

/** A stream that keeps what is written to it. */
function stream(more: object = {}) {
  const written: string[] = [];
  const write = (text: string, done?: () => void): void => {
    written.push(text);
    done?.();
  };
  return { written, stream: { write, ...more } };
}

function scene(more: object, environment: Record<string, string> = {}) {
  const stdout = stream(more);
  const terminal = createTerminal({ stdout: stdout.stream, stderr: stream().stream }, environment, { color: false });
  const controller = new AbortController();
  return { written: stdout.written, context: { terminal, interrupts: { signal: controller.signal } }, controller };
}

const standing = (id: string, text: string, more: Partial<RunState> = {}) => ({
  id,
  cluster: 'pier',
  state: { name: 'migrating' as const, text, attention: false, next: [], ...more },
  json: { id, text },
});

/** Looks that find one sight after the other; the last one is the end. */
function sights(...all: Omit<StatusSight, 'over'>[]): () => Promise<StatusSight> {
  let index = 0;
  return async () => {
    const sight = all[index] ?? { standings: [], text: '' };
    index += 1;
    return { ...sight, over: index >= all.length };
  };
}

const settings = (look: () => Promise<StatusSight>, json = false) => ({ look, json, interval: 0, now: () => NOW });

describe('status --watch on a pipe', () => {
  const LOOK = () =>
    sights(
      { standings: [standing('r1', 'planning'), standing('r2', 'migrating')], text: 'x' },
      { standings: [standing('r1', 'planning'), standing('r2', 'migrating')], text: 'x' },
      { standings: [standing('r1', 'lost', { next: [{ action: 'resume', command: 'c' }] }), standing('r2', 'migrating')], text: 'x' },
    );

  it('says a line for each change, with what to do', async () => {
    const { written, context } = scene({});
    expect(await watchStatus(context, settings(LOOK()))).toBe('done');
    expect(written).toEqual([
      '2026-03-02T10:00:00Z  r1  pier  planning\n',
      '2026-03-02T10:00:00Z  r2  pier  migrating\n',
      '2026-03-02T10:00:00Z  r1  pier  lost: resume with `c`\n',
    ]);
  });

  it('says an object a line for programs, on a terminal too', async () => {
    const { written, context } = scene({ isTTY: true });
    await watchStatus(context, settings(LOOK(), true));
    expect(written.map((line) => JSON.parse(line))).toEqual([
      { id: 'r1', text: 'planning' },
      { id: 'r2', text: 'migrating' },
      { id: 'r1', text: 'lost' },
    ]);
  });

  it('ends with the reason of an interrupt', async () => {
    const { context, controller } = scene({});
    const look = async (): Promise<StatusSight> => {
      controller.abort(new Error('stop'));
      return { standings: [], text: '', over: false };
    };
    await expect(watchStatus(context, settings(look))).rejects.toThrow('stop');
  });
});

describe('status --watch on a terminal', () => {
  const text = (...lines: string[]) => ({ standings: [standing('r1', lines.join())], text: `${lines.join('\n')}\n` });

  it('draws over what it drew before, and nothing where nothing changed', async () => {
    const { written, context } = scene({ isTTY: true, columns: 80, rows: 24 });
    await watchStatus(context, settings(sights(text('a', 'b'), text('a', 'b'), text('c'), text('d', 'e'))));
    expect(written).toEqual(['\u001B[Ja\nb\n', '\u001B[2F\u001B[Jc\n', '\u001B[1F\u001B[Jd\ne\n']);
  });

  it('says how much it has no rows for', async () => {
    const { written, context } = scene({ isTTY: true, columns: 80, rows: 4 });
    await watchStatus(context, settings(sights(text('a', 'b', 'c', 'd', 'e'), text('f'))));
    expect(written).toEqual(['\u001B[Ja\nb\n… and 3 more lines\n', '\u001B[3F\u001B[Jf\n']);
  });

  it('says lines where the terminal cannot go back', async () => {
    const { written, context } = scene({ isTTY: true }, { TERM: 'dumb' });
    await watchStatus(context, settings(sights(text('a'))));
    expect(written).toEqual(['2026-03-02T10:00:00Z  r1  pier  a\n']);
  });
});
