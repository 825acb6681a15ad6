import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handler } from '../../../functions/api/answer-approval.ts';
import { handler as getReport } from '../../../functions/api/get-report.ts';
import { handler as getRun } from '../../../functions/api/get-run.ts';
import { confirmApproval, requestApproval } from '../../../src/migration/run/approval.ts';
import { closeRun } from '../../../src/migration/run/close-run.ts';
import type { ApprovalMode } from '../../../src/model/deployment.ts';
import type { Requester } from '../../../src/model/requester.ts';
import { buildReport } from '../../../src/report/report.ts';
import { runResource } from '../../../src/service/resources.ts';
import { CALLER, call, DIGEST, expectProblem, type Reply } from '../fixtures/api-requests.ts';
import { deployedWith } from '../fixtures/deployment.ts';
import { beginRun, type FakeMigration, fakeMigration, OIDC_TRUST, planWith, ROLE, RUN, unitPlan } from '../fixtures/fake-migration.ts';

const TOKEN = 'AQCAAAAKgIAAAA-secret-token';
const OTHER = 'arn:aws:sts::111122223333:assumed-role/operator/jo';
const path = { runId: RUN };

let fake: FakeMigration;
beforeEach(async () => {
  fake = await fakeMigration();
  await beginRun(fake, { ...planWith([], []), digest: DIGEST });
});
afterEach(async () => {
  expect(fake.logs.join('\n')).not.toContain(TOKEN);
  await fake[Symbol.asyncDispose]();
});

/** The run comes to the state that waits. */
async function wait(token = TOKEN): Promise<void> {
  await requestApproval(fake.runtime, { runId: RUN, taskToken: token });
  fake.executions.waiting.add(token);
}

const post = async (decision: 'approve' | 'refuse', options: { digest?: string; caller?: string } = {}): Promise<Reply> => {
  const { digest = DIGEST, caller = CALLER } = options;
  const reply = await call(handler, fake.runtime, { path, body: { decision, digest }, caller });
  expect(reply.text).not.toContain(TOKEN);
  return reply;
};
const run = () => fake.runtime.journal.getRun(RUN);
const refusedByState = () => closeRun(fake.runtime, { runId: RUN, ending: 'refused', reason: 'the plan was not approved' });

describe('a run that waits for its approval', () => {
  const units = [unitPlan()];
  const trustAfter = OIDC_TRUST.replace('"Statement":[', '"Statement":[{"Sid":"Podshift0"},');
  const roles = [{ roleArn: ROLE, roleName: 'orders', trustBefore: OIDC_TRUST, trustAfter, waves: [] }];

  it.each([
    ['waits', true],
    ['does not wait', false],
  ])('shows its whole plan by the run and by the report while it %s: %s', async (_title, waits) => {
    await using waiting = await fakeMigration();
    await beginRun(waiting, { ...planWith(units, roles), digest: DIGEST });
    if (waits) await requestApproval(waiting.runtime, { runId: RUN, taskToken: TOKEN });
    const shown = await call(getRun, waiting.runtime, { path });
    const report = await call(getReport, waiting.runtime, { path });
    const text = (await call(getReport, waiting.runtime, { path, query: { format: 'markdown' } })).text;
    expect(runResource.parse(shown.body)).toEqual(shown.body);
    expect(text.includes('1 trust policy would gain a Pod Identity statement')).toBe(waits);
    expect(text.includes('| `shop/orders` | `PodIdentityAssociation/shop/orders` | `roleArn` | `none` |')).toBe(waits);
    if (!waits) {
      expect([shown.body.plan, report.body.changes]).toEqual([undefined, undefined]);
      return;
    }
    const { options, changes, roles: policies, findings, units: planned } = shown.body.plan;
    // The fixture's units are under way.
    const { evidence: _, ...unit } = { ...report.body.units[0], status: 'pending' };
    expect([report.body.options, report.body.changes, report.body.roles, report.body.findings, [unit]]).toEqual([
      options,
      changes,
      policies,
      findings,
      planned,
    ]);
    expect(options).toEqual((await waiting.runtime.journal.getRun(RUN)).options);
    expect(changes).toContainEqual({
      object: `Role/${ROLE}`,
      field: 'assumeRolePolicyDocument',
      before: OIDC_TRUST,
      after: trustAfter,
      unit: null,
    });
  });

  it('leaves a plan of more than a megabyte to the report: the run is asked for again and again', async () => {
    await using waiting = await fakeMigration();
    const many = Array.from({ length: 1500 }, (_, number) =>
      unitPlan({ id: `shop/${number}`, serviceAccount: `orders-${'x'.repeat(200)}-${number}` }),
    );
    await beginRun(waiting, { ...planWith(many, roles), digest: DIGEST });
    await requestApproval(waiting.runtime, { runId: RUN, taskToken: TOKEN });
    expect((await call(getRun, waiting.runtime, { path })).body.plan).toBeUndefined();
    const report = await buildReport(waiting.runtime.journal, RUN, null);
    expect(report.changes?.length).toBeGreaterThan(4000);
  });
});

describe('POST /runs/{runId}/approval', () => {
  it('lets the run go on, and has on record who approved', async () => {
    await wait();
    const { status, body } = await post('approve');
    expect([status, runResource.parse(body)]).toEqual([202, body]);
    expect(fake.executions.answers).toEqual([{ token: TOKEN, answer: { digest: DIGEST } }]);
    await expect(confirmApproval(fake.runtime, { runId: RUN, digest: DIGEST })).rejects.toMatchObject({ name: 'WorldMoved' });
    const approval = {
      status: 'approved',
      expiresAt: new Date(fake.now() + 604_800_000).toISOString(),
      answer: {
        decision: 'approve',
        digest: DIGEST,
        by: CALLER,
        at: new Date(fake.now()).toISOString(),
        requestId: expect.stringMatching(/^request=/),
        source: 'api',
        self: false,
      },
    };
    const { self: _self, source: _source, ...answer } = approval.answer;
    expect((await run()).approval).toEqual({ ...approval, answer });
    const shown = await call(getRun, fake.runtime, { path });
    const report = await call(getReport, fake.runtime, { path });
    expect(shown.body.approval).toEqual(approval);
    expect(report.body.run.approval).toEqual(approval);
    expect(shown.text + report.text).not.toContain(TOKEN);
  });

  describe('by who asked for the run', () => {
    const requester = { by: CALLER, source: 'api', at: '2026-01-05T10:00:00.000Z', known: true } as const;
    const as = async (approvalMode: ApprovalMode, decision: 'approve' | 'refuse', by: Partial<Requester> | null = {}, caller = CALLER) => {
      await wait();
      const { journal } = fake.runtime;
      const getRun = async (id: string) => ({
        ...(await journal.getRun(id)),
        ...(by === null ? {} : { requester: { ...requester, ...by } }),
      });
      const runtime = { ...fake.runtime, journal: { ...journal, getRun }, deployment: deployedWith({ approvalMode }) };
      return { reply: await call(handler, runtime, { path, body: { decision, digest: DIGEST }, caller }), runtime };
    };

    it.each<ApprovalMode>(['optional', 'required'])('is shown where the deployment takes it (%s)', async (mode) => {
      const { reply, runtime } = await as(mode, 'approve');
      expect(reply.status).toBe(202);
      await confirmApproval(runtime, { runId: RUN, digest: DIGEST }).catch(() => undefined);
      const shown = await call(getRun, runtime, { path });
      expect(shown.body).toMatchObject({ requester, approval: { status: 'approved', answer: { by: CALLER, self: true } } });
      const report = await call(getReport, runtime, { path, query: { format: 'markdown' } });
      expect(report.text).toContain(`- Asked for by: ${CALLER}, by api at ${requester.at}`);
      expect(report.text).toMatch(/- Approval: approved by .*, who asked for the run/);
    });

    it('is refused where the deployment wants another, and leaves the plan to be approved', async () => {
      const { reply } = await as('required-by-another', 'approve');
      expect(expectProblem(reply, 403, 'SelfApproval').detail).toContain(CALLER);
      expect(fake.executions.answers).toEqual([]);
      expect((await as('required-by-another', 'approve', {}, OTHER)).reply.status).toBe(202);
    });

    it('is one with that of another session of the role', async () => {
      const by = OTHER.replace(/jo$/, 'mo');
      expectProblem((await as('required-by-another', 'approve', { by }, OTHER)).reply, 403, 'SelfApproval');
    });

    it('may always be a refusal', async () => {
      expect((await as('required-by-another', 'refuse')).reply.status).toBe(202);
    });

    it.each<[string, Partial<Requester> | null]>([
      ['has no record', null],
      ['is only claimed', { known: false, source: 'schedule' }],
      ['came by nobody knows whom', { known: false, by: null, source: 'states:StartExecution' }],
    ])('cannot be told from another’s where the request %s', async (_title, by) => {
      expectProblem((await as('required-by-another', 'approve', by, OTHER)).reply, 403, 'RequesterUnknown');
      expect(fake.executions.answers).toEqual([]);
    });
  });

  it('refuses the plan, and has on record who did', async () => {
    await wait();
    expect((await post('refuse')).status).toBe(202);
    expect(fake.executions.answers).toEqual([{ token: TOKEN, answer: { error: 'ApprovalRefused', cause: `refused by ${CALLER}` } }]);
    expect(await refusedByState()).toEqual({ runId: RUN, status: 'held' });
    expect(await run()).toMatchObject({ status: 'held', reason: `the plan was refused by ${CALLER}`, approval: { status: 'refused' } });
    expectProblem(await post('approve'), 409, 'ApprovalAnswered');
  });

  it('is for the digest of the plan alone', async () => {
    await wait();
    for (const decision of ['approve', 'refuse'] as const) {
      const { detail } = expectProblem(await post(decision, { digest: 'e'.repeat(64) }), 409, 'ApprovalMismatch');
      expect(detail).toContain(DIGEST);
    }
    expect(fake.executions.answers).toEqual([]);
    expect(await fake.runtime.journal.getTaskAnswer(RUN)).toBeUndefined();
    expect((await post('approve')).status).toBe(202);
  });

  it('is given once', async () => {
    await wait();
    await post('approve');
    const again = expectProblem(await post('approve', { caller: OTHER }), 409, 'ApprovalAnswered');
    expect(again.detail).toContain(`approve by ${CALLER}`);
    expectProblem(await post('refuse', { caller: OTHER }), 409, 'ApprovalAnswered');
    await confirmApproval(fake.runtime, { runId: RUN, digest: DIGEST }).catch(() => undefined);
    expectProblem(await post('approve'), 409, 'ApprovalAnswered');
    expect(fake.executions.answers).toHaveLength(1);
    expect((await run()).approval?.answer?.by).toBe(CALLER);
  });

  it('is one of two that come at once', async () => {
    await wait();
    const replies = await Promise.all([post('approve'), post('refuse', { caller: OTHER })]);
    expect(replies.map(({ status }) => status).sort()).toEqual([202, 409]);
    expect(fake.executions.answers).toHaveLength(1);
  });

  it('is not lost where the service crashes between taking and giving it', async () => {
    await wait();
    fake.executions.failures.succeedTask = ['ServiceUnavailable'];
    expectProblem(await post('approve'), 503, 'ServiceUnavailable');
    expect((await run()).approval?.status).toBe('waiting');
    expectProblem(await post('refuse', { caller: OTHER }), 409, 'ApprovalAnswered');
    expect((await post('approve', { caller: OTHER })).status).toBe(202);
    await confirmApproval(fake.runtime, { runId: RUN, digest: DIGEST }).catch(() => undefined);
    expect((await run()).approval).toMatchObject({ status: 'approved', answer: { by: CALLER } });
  });

  it('is in effect where only its reply was lost', async () => {
    await wait();
    fake.executions.failures['succeedTask reply'] = ['ServiceUnavailable'];
    expectProblem(await post('approve'), 503, 'ServiceUnavailable');
    expectProblem(await post('approve'), 409, 'ApprovalAnswered');
    expect(fake.executions.answers).toHaveLength(1);
  });

  it('goes to the token that took the place of an older one', async () => {
    await wait('old-token');
    fake.executions.waiting.delete('old-token');
    const { journal } = fake.runtime;
    // The state asks anew between the two looks of the request.
    const answerTaskToken: typeof journal.answerTaskToken = async (runId, answer) => {
      const noted = await journal.answerTaskToken(runId, answer);
      if (noted?.token === 'old-token') await wait();
      return noted;
    };
    const runtime = { ...fake.runtime, journal: { ...journal, answerTaskToken } };
    const reply = await call(handler, runtime, { path, body: { decision: 'approve', digest: DIGEST } });
    expect(reply.status).toBe(202);
    expect(fake.executions.answers).toEqual([{ token: TOKEN, answer: { digest: DIGEST } }]);
  });

  it('comes too late after the time-out, before and after the run has ended', async () => {
    await wait();
    fake.executions.waiting.clear();
    fake.pass(604_801);
    expectProblem(await post('approve'), 410, 'TaskTokenGone');
    await refusedByState();
    const ended = await run();
    expect(ended).toMatchObject({ status: 'held', approval: { status: 'expired', answer: null } });
    expect(ended.reason).toBe(`the plan was not approved by ${ended.approval?.expiresAt}`);
    expectProblem(await post('approve'), 410, 'TaskTokenGone');
    expect(await run()).toEqual(ended);
  });

  it('is refused where the run wants none, has not come to it, or ended in another way', async () => {
    expectProblem(await post('approve'), 409, 'RunNotWaiting');
    await closeRun(fake.runtime, { runId: RUN, ending: 'refused', reason: 'the plan was not approved' });
    expect((await run()).reason).toBe('the plan was not approved');
    expectProblem(await post('approve'), 409, 'RunNotWaiting');
    const unknown = await call(handler, fake.runtime, { path: { runId: 'nope' }, body: { decision: 'approve', digest: DIGEST } });
    expectProblem(unknown, 404, 'RunNotFound');
    expect(fake.executions.answers).toEqual([]);
  });

  it('is over when the run ends while it waits', async () => {
    await wait();
    await closeRun(fake.runtime, { runId: RUN, ending: 'halted', reason: 'stopped' });
    expect((await run()).approval).toMatchObject({ status: 'expired' });
    expect(
      await fake.runtime.journal.answerTaskToken(RUN, { decision: 'approve', digest: DIGEST, by: CALLER, at: 't', requestId: 'r' }),
    ).toBeUndefined();
    expectProblem(await post('approve'), 410, 'TaskTokenGone');
  });

  it('that nobody recorded, as on the command line, is noted as given', async () => {
    await wait();
    await confirmApproval(fake.runtime, { runId: RUN, digest: DIGEST }).catch(() => undefined);
    expect((await run()).approval).toMatchObject({ status: 'approved', answer: null });
    expectProblem(await post('approve'), 409, 'ApprovalAnswered');
  });
});
