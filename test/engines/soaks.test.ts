import { describe, expect, it } from 'vitest';
import type { NextStepOutput } from '../../src/migration/run/next-step.ts';
import { shortSoaks } from './soaks.ts';

const STEP = { wave: 0, roles: [], batches: [], iamWaitSeconds: 0, daemons: [], reason: '' };
const answered = (status: NextStepOutput['status'], waitSeconds: number): NextStepOutput => ({ ...STEP, status, waitSeconds });

/** What Step Functions is told in place of an answer of `called`, whose name the function has that lets runs soak where it is `next-step`. */
async function told(answer: object, { called = 'next-step', failed = false, soakFor = 90 } = {}) {
  const { invoke, asked } = shortSoaks(async () => ({ payload: JSON.stringify(answer), failed }), { soakFor, function: 'next-step' });
  const { payload } = await invoke(called, '{"runId":"r"}');
  return { payload: JSON.parse(payload), asked: asked('r') };
}

describe('the soaks that moto waits for', () => {
  it('are short, and what was asked for is known', async () => {
    expect(await told(answered('wait', 3900))).toEqual({ payload: answered('wait', 90), asked: [3900] });
    expect(await told(answered('wait', 7))).toEqual({ payload: answered('wait', 7), asked: [7] });
  });

  it.each([
    ['a step that waits for nothing', answered('confirm', 0), {}],
    ['another function', { status: 'wait', waitSeconds: 3900 }, { called: 'check-writers' }],
    ['a function that failed', { errorType: 'ServiceUnavailable', status: 'wait', waitSeconds: 3900 }, { failed: true }],
  ])('leave %s as it is', async (_, answer, of) => {
    expect(await told(answer, of)).toEqual({ payload: answer, asked: [] });
  });

  it('are told apart by run, wait by wait', async () => {
    let left = 200;
    const answer = async () => {
      left -= 100;
      return { payload: JSON.stringify(answered('wait', left)), failed: false };
    };
    const { invoke, asked } = shortSoaks(answer, { soakFor: 90, function: 'next-step' });
    await invoke('next-step', '{"runId":"a"}');
    await invoke('next-step', '{"runId":"a"}');
    expect(asked('a')).toEqual([100, 0]);
    expect(asked('b')).toEqual([]);
  });
});
