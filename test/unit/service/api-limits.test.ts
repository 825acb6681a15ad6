import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handler as getReport } from '../../../functions/api/get-report.ts';
import { handler as getRun } from '../../../functions/api/get-run.ts';
import { handler as listRuns } from '../../../functions/api/list-runs.ts';
import { handler } from '../../../functions/api/start-run.ts';
import type { DeploymentLimits } from '../../../src/model/deployment.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import { call, expectProblem } from '../fixtures/api-requests.ts';
import { limitedTo } from '../fixtures/deployment.ts';
import { type FakeMigration, fakeMigration } from '../fixtures/fake-migration.ts';

const target = { clusterName: 'shop', region: 'eu-west-1' };
const headers = { 'idempotency-key': 'key-1' };

let fake: FakeMigration;
beforeEach(async () => {
  fake = await fakeMigration();
});
afterEach(() => fake[Symbol.asyncDispose]());

const post = (body: Record<string, unknown>, limits: Partial<DeploymentLimits> = {}) =>
  call(handler, { ...fake.runtime, deployment: limitedTo(limits) }, { headers, body: { target, mode: 'run', ...body } });

describe('POST /runs within what the deployer decides', () => {
  it('is refused where it reaches outside, with each field and its limit, before the cluster is looked at', async () => {
    fake.account.failures.connect = ['ClusterUnreachable'];
    const reply = await post({ options: { probeImage: 'evil', waveSize: 60 } }, { greatestWave: 50 });
    const problem = expectProblem(reply, 403, 'OutsideLimits');
    expect(problem.problems).toEqual([
      { in: 'body', field: 'options.probeImage', message: 'outside of allowedProbeImages (public.ecr.aws/aws-cli/aws-cli:2.31.0)' },
      { in: 'body', field: 'options.waveSize', message: 'outside of greatestWave (50)' },
    ]);
    expect(reply.text).not.toContain('evil');
    expect(fake.executions.started).toEqual([]);
    expect(await fake.runtime.journal.listRuns()).toEqual([]);
    // The key was not used up.
    fake.account.failures.connect = [];
    expect((await post({})).status).toBe(202);
  });

  it('works with the deployer’s image where the caller names none', async () => {
    const { body } = await post({}, { probeImages: ['mirror/aws-cli@sha256:0'] });
    expect(body.options.probeImage).toBe('mirror/aws-cli@sha256:0');
    expect(fake.executions.started[0]?.input).toMatchObject({ options: { probeImage: 'mirror/aws-cli@sha256:0' } });
  });

  it('takes no external id', async () => {
    const reply = await post({ target: { ...target, externalId: 'theirs' } });
    expect(expectProblem(reply, 400, 'InvalidInput').detail).toContain('externalId');
  });
});

describe('the external id of a run', () => {
  it('of the days when callers brought it is in no answer', async () => {
    const options = migrationOptions.parse({});
    const secret = { ...target, assumeRoleArn: 'arn:aws:iam::222233334444:role/podshift-member', externalId: 'hush-hush' };
    await fake.runtime.journal.createRun({ runId: 'r', target: secret, options, startedAt: '2026-01-05T09:00:00.000Z' });
    for (const reply of [
      await call(getRun, fake.runtime, { path: { runId: 'r' } }),
      await call(listRuns, fake.runtime, {}),
      await call(getReport, fake.runtime, { path: { runId: 'r' } }),
    ]) {
      expect(reply.status).toBe(200);
      expect(reply.text).not.toContain('hush-hush');
    }
  });
});
