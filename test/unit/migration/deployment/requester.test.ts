import { beforeEach, describe, expect, it } from 'vitest';
import type { EngineClock } from '../../../../engine/clock.ts';
import { createRuntimeOver } from '../../../../engine/local-runtime.ts';
import { handler } from '../../../../functions/migrate-cluster/open-run.ts';
import { confirmApproval, requestApproval } from '../../../../src/migration/run/approval.ts';
import { type OpenRunInput, openRun } from '../../../../src/migration/run/open-run.ts';
import { noteRequester } from '../../../../src/migration/run/requester.ts';
import { APPROVAL_MODES, type ApprovalMode } from '../../../../src/model/deployment.ts';
import { migrationOptions } from '../../../../src/model/options.ts';
import { deployedWith } from '../../fixtures/deployment.ts';
import { type FakeMigration, planWith, RUN, START, TARGET } from '../../fixtures/fake-migration.ts';
import { openRunInput, runScene } from '../../fixtures/run-scene.ts';

const ASKS = 'arn:aws:iam::111122223333:user/asks';
const OTHER = 'arn:aws:iam::111122223333:user/other';
const AT = new Date(START).toISOString();

let fake: FakeMigration;
const { empty, begin, run } = runScene((made) => {
  fake = made;
});
beforeEach(() => empty());

const deployed = (approvalMode: ApprovalMode) => ({ ...fake.runtime, deployment: deployedWith({ approvalMode }) });
const byApi = (input: OpenRunInput) => noteRequester(fake.runtime, input, { by: ASKS, source: 'api', at: AT, known: true });

describe('who asked for a run', () => {
  it('is on record as the API noted it ahead of the start, for the very input that it noted', async () => {
    await byApi(openRunInput());
    await openRun(deployed('optional'), openRunInput());
    expect((await run()).requester).toEqual({ by: ASKS, source: 'api', at: AT, known: true });
  });

  it.each<[string, Partial<OpenRunInput>]>([
    ['another soak', { options: migrationOptions.parse({ soakSeconds: 1 }) }],
    ['another cluster', { target: { ...TARGET, clusterName: 'other' } }],
    ['no approval', { approval: 'required' }],
    ['another digest', { expectedDigest: 'd'.repeat(64) }],
    ['a plan alone', { mode: 'plan' }],
  ])('is nobody known where an execution takes the id of a request and asks for %s', async (_title, changes) => {
    await byApi(openRunInput());
    await openRun(deployed('optional'), openRunInput(changes));
    expect((await run()).requester).toEqual({ by: null, source: 'states:StartExecution', at: AT, known: false });
  });

  it('is the first whom the API noted', async () => {
    await byApi(openRunInput());
    await noteRequester(fake.runtime, openRunInput(), { by: OTHER, source: 'api', at: AT, known: true });
    await openRun(deployed('optional'), openRunInput());
    expect((await run()).requester?.by).toBe(ASKS);
  });

  it('is what a schedule says of itself, and not more', async () => {
    await handler.withRuntime(deployed('optional'))({
      ...openRunInput(),
      input: { requestedBy: { source: 'schedule', by: ASKS, more: 1 } },
    });
    expect((await run()).requester).toEqual({ by: ASKS, source: 'schedule', at: AT, known: false });
  });

  it('is never believed to be the API or the command line because the input says so', async () => {
    for (const source of ['api', 'cli'] as const) {
      await empty();
      await handler.withRuntime(deployed('optional'))({ ...openRunInput(), input: { requestedBy: { source, by: ASKS }, runId: RUN } });
      expect((await run()).requester).toEqual({ by: null, source: 'states:StartExecution', at: AT, known: false });
    }
  });

  describe('on one machine', () => {
    const own = (settings: { ownRequests?: true }) =>
      createRuntimeOver(fake.runtime, {
        clock: fake.runtime.clock as EngineClock,
        journal: fake.runtime.journal,
        logger: fake.runtime.logger,
        ...settings,
      });

    it('is whoever has the credentials of the process', async () => {
      await openRun(own({ ownRequests: true }), openRunInput());
      expect((await run()).requester).toEqual({ by: 'arn:aws:iam::111122223333:user/me', source: 'cli', at: AT, known: true });
    });

    it('is nobody by name where STS does not say who that is, which stops no run', async () => {
      fake.account.failures = { getCallerIdentity: ['AccessDenied'] };
      await openRun(own({ ownRequests: true }), openRunInput());
      expect((await run()).requester).toEqual({ by: null, source: 'cli', at: AT, known: false });
    });

    it('is nobody in a rehearsal, and STS is not asked', async () => {
      fake.account.failures = { getCallerIdentity: ['AccessDenied'] };
      await openRun(own({}), openRunInput());
      expect(await run()).not.toHaveProperty('requester');
      expect(fake.account.failures.getCallerIdentity).toHaveLength(1);
    });
  });

  it('stays, whoever starts the run’s execution anew', async () => {
    await byApi(openRunInput());
    await openRun(deployed('optional'), openRunInput());
    await openRun(deployed('optional'), openRunInput({ input: { requestedBy: { source: 'schedule', by: OTHER } } }));
    expect((await run()).requester?.by).toBe(ASKS);
  });
});

describe('a run that is taken up', () => {
  it('waits for its approval still, whatever the next execution says', async () => {
    await openRun(deployed('optional'), openRunInput({ approval: 'required' }));
    expect(await openRun(deployed('optional'), openRunInput({ approval: 'none' }))).toMatchObject({ approval: 'required' });
  });

  it('keeps the digest that it was asked for with', async () => {
    const expectedDigest = 'd'.repeat(64);
    await openRun(deployed('optional'), openRunInput({ expectedDigest }));
    expect(await openRun(deployed('optional'), openRunInput())).toMatchObject({ expectedDigest });
    expect(await openRun(deployed('optional'), openRunInput({ expectedDigest: 'e'.repeat(64) }))).toMatchObject({ expectedDigest });
  });

  it('of which a plan alone was asked for changes nothing', async () => {
    await openRun(deployed('optional'), openRunInput({ mode: 'plan' }));
    await expect(openRun(deployed('optional'), openRunInput())).rejects.toMatchObject({ name: 'InvalidInput', message: /only planned/ });
  });
});

describe('approvalMode', () => {
  it.each<[ApprovalMode, 'none' | 'required', 'none' | 'required']>([
    ['optional', 'none', 'none'],
    ['optional', 'required', 'required'],
    ['required', 'none', 'required'],
    ['required-by-another', 'none', 'required'],
  ])('%s makes of approval "%s" that of the run: %s', async (mode, approval, expected) => {
    const input = openRunInput({ approval });
    await byApi(input);
    expect(await openRun(deployed(mode), input)).toMatchObject({ approval: expected });
  });

  it.each<[string, OpenRunInput['input']]>([
    ['an execution that somebody started by hand or for a fleet', undefined],
    ['a schedule', { requestedBy: { source: 'schedule', by: ASKS } }],
  ])('required-by-another starts nothing for %s, since nobody can tell who asked', async (_title, input) => {
    const given = openRunInput({ input });
    await expect(openRun(deployed('required-by-another'), given)).rejects.toMatchObject({ name: 'RequesterUnknown' });
    // The run is on record with the reason; its end is the rollback's, which finds nothing to undo.
    expect(await run()).toMatchObject({ status: 'pending', reason: expect.stringMatching(/who asked/), clusterArn: '' });
    await expect(fake.runtime.journal.acquireLock('any', 'run-2', 9)).resolves.toBeUndefined();
    await empty();
    expect(await openRun(deployed('required'), given)).toMatchObject({ state: 'open', approval: 'required' });
  });

  it('lets everybody plan and scan, who changes nothing by it', async () => {
    expect(await openRun(deployed('required-by-another'), openRunInput({ mode: 'plan' }))).toMatchObject({ state: 'open', mode: 'plan' });
  });

  it('asks for nothing on one machine', async () => {
    expect(await openRun(fake.runtime, openRunInput())).toMatchObject({ approval: 'none' });
  });
});

describe('an approval that is delivered', () => {
  const answer = { decision: 'approve' as const, digest: 'digest-1', by: OTHER, at: AT, requestId: 'r' };
  const waiting = async (mode: ApprovalMode) => {
    await begin([], planWith([], []));
    await requestApproval(fake.runtime, { runId: RUN, taskToken: 'token' });
    return deployed(mode);
  };
  const confirm = (runtime: FakeMigration['runtime']) => confirmApproval(runtime, { runId: RUN, digest: 'digest-1' });

  it.each(APPROVAL_MODES)('past the API is none, where the deployment has it %s', async (mode) => {
    const runtime = await waiting(mode);
    await expect(confirm(runtime)).rejects.toMatchObject({ name: 'ApprovalMismatch', message: /on record/ });
  });

  it('past a refusal is none either', async () => {
    const runtime = await waiting('optional');
    await fake.runtime.journal.answerTaskToken(RUN, { ...answer, decision: 'refuse' });
    await expect(confirm(runtime)).rejects.toMatchObject({ name: 'ApprovalRefused' });
  });

  it('for another digest is none either', async () => {
    const runtime = await waiting('required');
    await fake.runtime.journal.answerTaskToken(RUN, { ...answer, digest: 'digest-2' });
    await expect(confirm(runtime)).rejects.toMatchObject({ name: 'ApprovalMismatch' });
  });

  it('of whoever asked is refused by the step, too', async () => {
    const runtime = await waiting('required-by-another');
    await fake.runtime.journal.answerTaskToken(RUN, answer);
    // The run of this scene is an older version's: nobody knows who asked.
    await expect(confirm(runtime)).rejects.toMatchObject({ name: 'RequesterUnknown' });
    const { journal } = fake.runtime;
    const own = {
      ...journal,
      getRun: async (id: string) => ({
        ...(await journal.getRun(id)),
        requester: { by: OTHER, source: 'api', at: AT, known: true } as const,
      }),
    };
    await expect(confirm({ ...runtime, journal: own })).rejects.toMatchObject({ name: 'SelfApproval' });
  });
});
