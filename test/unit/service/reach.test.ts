import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handler as answerApproval } from '../../../functions/api/answer-approval.ts';
import { handler as getAudit } from '../../../functions/api/get-audit.ts';
import { handler as getPage } from '../../../functions/api/get-page.ts';
import { handler as getReport } from '../../../functions/api/get-report.ts';
import { handler as getRun } from '../../../functions/api/get-run.ts';
import { handler as listRuns } from '../../../functions/api/list-runs.ts';
import { handler as listUnits } from '../../../functions/api/list-units.ts';
import { handler as rollBackRun } from '../../../functions/api/roll-back-run.ts';
import { handler as startRun } from '../../../functions/api/start-run.ts';
import { handler as openRun, openRunEvent } from '../../../functions/migrate-cluster/open-run.ts';
import { handler as openFleet, openFleetEvent } from '../../../functions/migrate-fleet/open-fleet.ts';
import { requestApproval } from '../../../src/migration/run/approval.ts';
import { isPodshiftError } from '../../../src/model/errors.ts';
import { DEFAULT_PROBE_IMAGE, migrationOptions } from '../../../src/model/options.ts';
import type { ClusterTarget } from '../../../src/model/run.ts';
import { ROUTES, type Route } from '../../../src/service/routes.ts';
import { scheduleOf } from '../../../src/service/schedules.ts';
import { type FieldPath, textFields, withText } from '../../support/text-fields.ts';
import { call, DIGEST, type Request } from '../fixtures/api-requests.ts';
import { limitedTo } from '../fixtures/deployment.ts';
import { beginRun, CLUSTER_ARN, type FakeMigration, fakeMigration, planWith, RUN, TARGET, unitPlan } from '../fixtures/fake-migration.ts';

/** What this deployer allows; everything else is out of every caller's reach. */
const MEMBER = 'arn:aws:iam::222233334444:role/podshift-member';
const DEPLOYMENT = limitedTo({
  accounts: ['self', '222233334444'],
  clusters: ['self/eu-west-1/shop', '222233334444/eu-west-1/shop'],
  namespaces: ['shop'],
  roles: ['orders'],
});

/** What somebody might write into a field who wants more than that. */
const HOSTILE = [
  'evil.example.com/image:1',
  'arn:aws:iam::999999999999:role/podshift-member',
  'arn:aws:iam::222233334444:role/admin',
  '999999999999',
  'secrets',
  'secrets/vault',
  'PS305:secrets/vault',
  'prod',
  'us-east-1',
  'f'.repeat(64),
  'https://evil.example.com/',
  '9.9.9',
  'p.r.o-d',
];

/**
 * Fields that take a text of their sender's and go nowhere by it, and why. A field that is new is refused by this test until it is
 * here, or until the deployment's limits refuse it.
 */
const INERT: Readonly<Record<string, string>> = {
  'startRun headers.idempotency-key': 'names the request',
  'startRun body.expectedDigest': 'holds the run unless its plan has this digest',
  'startRun body.options.annotationPrefix': 'says which annotations are read; the roles that they name are held to allowedRoles',
  'startRun body.options.accept.0': 'says of which findings no unit is held; units are held to the limits all the same',
  'startRun body.options.knownSoftware.0.images.0': 'is compared with images of workloads',
  'startRun body.options.knownSoftware.0.minimum': 'is compared with tags of images',
  'startRun body.options.knownSoftware.0.failedUpTo': 'is compared with tags of images',
  'startRun body.options.knownSoftware.0.reported': 'is shown',
  'startRun body.options.knownSoftware.0.condition': 'is shown',
  'startRun body.options.knownSoftware.0.source': 'is shown',
  'startRun body.options.knownSoftware.0.note': 'is shown',
  'answerApproval body.digest': 'is compared with the digest of the plan',
  'openRun runId': 'names the run',
  'openRun executionId': 'is what Step Functions says of itself',
  'openRun expectedDigest': 'holds the run unless its plan has this digest',
  'openRun input.requestedBy.by': 'is a record that nothing rests on',
  'openRun options.annotationPrefix': 'says which annotations are read; the roles that they name are held to allowedRoles',
  'openRun options.accept.0': 'says of which findings no unit is held; units are held to the limits all the same',
  'openRun options.knownSoftware.0.images.0': 'is compared with images of workloads',
  'openRun options.knownSoftware.0.minimum': 'is compared with tags of images',
  'openRun options.knownSoftware.0.failedUpTo': 'is compared with tags of images',
  'openRun options.knownSoftware.0.reported': 'is shown',
  'openRun options.knownSoftware.0.condition': 'is shown',
  'openRun options.knownSoftware.0.source': 'is shown',
  'openRun options.knownSoftware.0.note': 'is shown',
  'openFleet fleetId': 'names the fleet',
  'openFleet expectedDigest': 'holds the fleet unless its plan has this digest',
  'openFleet spec.regions.0': 'says where clusters are looked for; those that are found are held to allowedClusters',
  'openFleet spec.clusters.names.0': 'chooses among clusters that are found, which are held to allowedClusters',
  'openFleet spec.clusters.exclude.0': 'leaves clusters out',
  'openFleet spec.clusters.tags.*': 'chooses among clusters that are found',
  'openFleet spec.canary': 'says which of the clusters that are found goes first',
  'openFleet spec.migration.annotationPrefix': 'is held to the limits again by each cluster’s run',
  'openFleet spec.migration.accept.0': 'is held to the limits again by each cluster’s run',
  'openFleet spec.migration.knownSoftware.0.images.0': 'is compared with images of workloads',
  'openFleet spec.migration.knownSoftware.0.minimum': 'is compared with tags of images',
  'openFleet spec.migration.knownSoftware.0.failedUpTo': 'is compared with tags of images',
  'openFleet spec.migration.knownSoftware.0.reported': 'is shown',
  'openFleet spec.migration.knownSoftware.0.condition': 'is shown',
  'openFleet spec.migration.knownSoftware.0.source': 'is shown',
  'openFleet spec.migration.knownSoftware.0.note': 'is shown',
};

const KNOWN = [{ images: ['**/a'], minimum: '1', source: 'https://example.com/' }];
const options = { namespaces: ['shop'], knownSoftware: KNOWN };
const path = { runId: RUN };
const HANDLERS = { startRun, listRuns, getRun, listUnits, answerApproval, rollBackRun, getReport, getAudit, getPage };
const BASES: Record<keyof typeof ROUTES, Request> = {
  startRun: { headers: { 'idempotency-key': 'k' }, body: { target: { clusterName: 'shop', region: 'eu-west-1' }, mode: 'run', options } },
  listRuns: {},
  getRun: { path },
  listUnits: { path },
  answerApproval: { path, body: { decision: 'approve', digest: DIGEST } },
  rollBackRun: { path, body: {} },
  getReport: { path },
  getAudit: { path },
  getPage: { path },
};
const EVENTS = {
  openRun: {
    schema: openRunEvent,
    handler: openRun,
    base: {
      runId: 'new',
      executionId: 'e',
      target: TARGET,
      mode: 'run',
      approval: 'none',
      expectedDigest: null,
      options: { ...migrationOptions.parse({}), ...options },
      input: { requestedBy: { source: 'schedule', by: 'arn:aws:iam::111122223333:user/plans' } },
    },
  },
  openFleet: {
    schema: openFleetEvent,
    handler: openFleet,
    base: {
      fleetId: 'fleet',
      mode: 'run',
      approval: 'none',
      expectedDigest: null,
      spec: { regions: ['eu-west-1'], accounts: ['self', '222233334444'], migration: { ...migrationOptions.parse({}), ...options } },
    },
  },
};

let fake: FakeMigration;
let reached: ClusterTarget[];
/** A function's runtime in this deployment, which notes whom it reaches; a run waits for its approval. */
async function deployed() {
  await fake?.[Symbol.asyncDispose]();
  fake = await fakeMigration();
  reached = [];
  await beginRun(fake, { ...planWith([unitPlan()], []), digest: DIGEST }, { namespaces: ['shop'] });
  await fake.runtime.journal.releaseLock(CLUSTER_ARN, RUN);
  await requestApproval(fake.runtime, { runId: RUN, taskToken: 'token' });
  fake.executions.waiting.add('token');
  const { aws, kubernetes } = fake.runtime;
  return {
    ...fake.runtime,
    deployment: DEPLOYMENT,
    aws: (target: ClusterTarget) => {
      reached.push(target);
      return aws(target);
    },
    kubernetes: (target: ClusterTarget) => {
      reached.push(target);
      return kubernetes(target);
    },
  };
}
beforeEach(async () => void (await deployed()));
afterEach(() => fake[Symbol.asyncDispose]());

/** Nothing that was reached or is on record to be reached is outside of what the deployer allows. */
async function expectWithin(): Promise<void> {
  const runs = (await fake.runtime.journal.listRuns()).filter(({ status, reason }) => !(status === 'pending' && reason !== ''));
  for (const { clusterName, region, assumeRoleArn, externalId } of [...reached, ...runs.map(({ target }) => target)]) {
    expect([clusterName, region, externalId]).toEqual(['shop', 'eu-west-1', undefined]);
    expect([null, MEMBER]).toContain(assumeRoleArn);
  }
  for (const run of runs) {
    expect([run.options.probeImage, run.options.retireImage]).toEqual([DEFAULT_PROBE_IMAGE, '']);
    expect(run.options.namespaces).toEqual(['shop']);
    expect(run.options.serviceAccounts.filter((one) => !one.startsWith('shop/'))).toEqual([]);
  }
  for (const { stateMachine, input } of fake.executions.started) {
    if (stateMachine === 'rollback-run') expect(input).toMatchObject({ runId: RUN });
    else expect(runs.map(({ runId }) => runId)).toContain((input as { runId: string }).runId);
  }
}

/** Whether the request was taken with this text. */
type Try = (path: FieldPath, text: string) => Promise<boolean>;

const byRoute =
  (operation: keyof typeof ROUTES): Try =>
  async (field, text) => {
    const request = withText(BASES[operation], field, text) as Request;
    const { status, body } = await call(HANDLERS[operation], await deployed(), request);
    if (status === 200 || status === 202) return true;
    expect([400, 403, 404, 409], `${operation} ${field.join('.')}: ${JSON.stringify(body)}`).toContain(status);
    return false;
  };

const byExecution =
  ({ handler, base }: (typeof EVENTS)[keyof typeof EVENTS]): Try =>
  async (field, text) => {
    try {
      await handler.withRuntime(await deployed())(withText(base, field, text));
      return true;
    } catch (error) {
      if (!isPodshiftError(error, 'InvalidInput', 'OutsideLimits')) throw error;
      return false;
    }
  };

const fieldsOfRoute = ({ path: inPath, query, headers, body }: Route): FieldPath[] =>
  Object.entries({ path: inPath, query, headers, body }).flatMap(([part, schema]) =>
    schema.def.type === 'undefined' ? [] : textFields(schema).map((field) => [part, ...field]),
  );
const FIELDS: (readonly [string, FieldPath, Try])[] = [
  ...(Object.keys(ROUTES) as (keyof typeof ROUTES)[]).flatMap((operation) =>
    fieldsOfRoute(ROUTES[operation]).map((field) => [`${operation} ${field.join('.')}`, field, byRoute(operation)] as const),
  ),
  ...Object.entries(EVENTS).flatMap(([name, event]) =>
    textFields(event.schema).map((field) => [`${name} ${field.join('.')}`, field, byExecution(event)] as const),
  ),
];

describe('with the rights of a caller alone', () => {
  it.each(FIELDS)('nothing outside of the deployer’s choice is reached by %s', async (name, field, send) => {
    const taken: string[] = [];
    for (const text of HOSTILE) {
      if (await send(field, text)) taken.push(text);
      await expectWithin();
    }
    // A text that is taken goes somewhere: either it is known why that is nowhere, or the field needs a limit.
    expect(taken.length === 0 || name in INERT, `${name} takes ${taken.join(', ')}`).toBe(true);
  });

  it('every field that names an image, a role, a cluster, an account or a namespace is among those', () => {
    const named = ['probeImage', 'retireImage', 'assumeRoleArn', 'clusterName', 'region', 'namespaces.0', 'serviceAccounts.0'];
    for (const part of named) expect(FIELDS.filter(([name]) => name.endsWith(`.${part}`)).length, part).toBeGreaterThan(1);
    expect(Object.keys(INERT).filter((name) => !FIELDS.some(([field]) => field === name))).toEqual([]);
  });

  it('what is allowed is taken, so that the refusals above are no accident', async () => {
    for (const operation of ['startRun', 'answerApproval'] as const) {
      expect((await call(HANDLERS[operation], await deployed(), BASES[operation])).status, operation).toBe(202);
      await expectWithin();
    }
    await EVENTS.openRun.handler.withRuntime(await deployed())(EVENTS.openRun.base);
    expect(reached).not.toEqual([]);
    await expectWithin();
    await EVENTS.openFleet.handler.withRuntime(await deployed())(EVENTS.openFleet.base);
    expect(await fake.runtime.journal.listFleets()).toHaveLength(1);
  });

  it('a schedule says no more than an execution that is started by hand can', () => {
    const place = { partition: 'aws', region: 'eu-west-1', accountId: '111122223333', stage: 'prod' };
    const request = { name: 'x', target: TARGET, expression: 'rate(1 day)', timezone: 'UTC', flexibleMinutes: 0, requestedBy: 'me' };
    const schedule = (starts: 'scan' | 'run') =>
      JSON.parse(scheduleOf({ ...request, starts, expectedDigest: null, approval: 'none', options: {} }, place).Target.Input);
    const keys = Object.keys(openRunEvent.shape);
    for (const input of [schedule('scan'), JSON.parse(schedule('run').Input)])
      expect(Object.keys(input).filter((key) => key !== 'requestedBy' && !keys.includes(key))).toEqual([]);
  });
});
