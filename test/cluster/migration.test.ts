import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { PlanReport, RunReport } from '../../src/model/report.ts';
import { loadSnapshot, type Snapshot } from '../../twin/snapshot.ts';
import { decisions, podIdentities, QUICK, reportOf, type Stage, startStage } from './podshift.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BOUTIQUE = join(ROOT, '../shared/snapshots/boutique');
const FOLDER =
  process.env.PODSHIFT_TEST_SNAPSHOT ?? (existsSync(join(BOUTIQUE, 'eks/cluster.json')) ? BOUTIQUE : join(ROOT, 'examples/shop'));

/** A whole migration by the command line, with the rights of infra/cluster-access and no others. */
describe('a migration on a real control plane', () => {
  let stage: Stage;
  let broken = '';
  let planned: PlanReport;
  let result: RunReport;

  beforeAll(async () => {
    const loaded = await loadSnapshot(FOLDER);
    broken = victimOf(loaded);
    stage = await startStage({
      ...loaded,
      objects: loaded.objects.map((object) => (nameOf(object) === broken ? neverReadyOnPodIdentity(object) : object)),
    });
  });
  afterAll(() => stage?.stop());

  it('is refused with the remedy before podshift has any rights', async () => {
    const { code, stderr } = await stage.podshift('run', '--local');
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('KubernetesForbidden: not allowed to get namespaces') });
  });

  it('is planned on the real cluster as it is on the twin', async () => {
    await stage.grantLists(await stage.grantAccess());
    planned = reportOf<PlanReport>(await stage.podshift('plan'));
    expect(decisions(planned)).toEqual(decisions(await stage.planOnTwin(FOLDER)));
    const mechanisms = planned.units.filter(({ status }) => status === 'pending').map(({ mechanism }) => mechanism);
    expect(new Set(mechanisms)).toEqual(new Set(['irsa', 'kube2iam', 'addon']));
  });

  it('migrates what can be, and takes one unit back whose pods do not become ready', async () => {
    const { watch, cluster, caughtUp } = stage.world;
    const before = stage.world.requests.length;
    const ended = await stage.podshift('run', '--local', '--approve', ...QUICK);
    result = reportOf<RunReport>(ended);
    const wanted = planned.units.map((unit) => [
      titleOf(unit),
      unit.status === 'held' ? 'held' : isOf(unit, broken) ? 'rolled-back' : 'migrated',
    ]);
    const ends = result.units.map((unit) => [titleOf(unit), unit.status]);
    const reasons = result.units.map((unit) => `${titleOf(unit)}: ${unit.status}: ${unit.reason}`).join('\n');
    expect(Object.fromEntries(ends), `${reasons}\n${ended.stderr}`).toEqual(Object.fromEntries(wanted));
    expect(ended.code).toBe(4);
    expect(await cluster.settle(60_000)).toEqual([]);
    await caughtUp();
    expect(watch.gaps).toEqual([]);
    expect(watch.foreignWrites).toEqual([]);
    expect(watch.promises()).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
    const writes = stage.writesSince(before);
    expect(new Set(writes.map(({ service }) => service))).toEqual(new Set(['eks', 'iam', 'kubernetes']));
  });

  it('was made of pods that the webhook gave what the report says', async () => {
    const migrated = result.units.filter(({ status }) => status === 'migrated');
    const found = await podIdentities(stage.world, migrated);
    expect(found.filter(({ via, roleArn, unit }) => via !== 'pod-identity' || roleArn !== unit.roleArn)).toEqual([]);
    expect(new Set(found.map(({ unit }) => unit.mechanism))).toEqual(new Set(['irsa', 'kube2iam', 'addon']));
  });

  it('writes nothing when it is run again over what migrated', async () => {
    const { requests, state, caughtUp } = stage.world;
    const before = requests.length;
    const associations = JSON.stringify([...state.associations.values()]);
    const selected = reportOf<PlanReport>(await stage.podshift('plan'))
      .units.filter((unit) => !isOf(unit, broken))
      .flatMap((unit) => ['--service-account', titleOf(unit)]);
    const ended = await stage.podshift('run', '--local', '--approve', ...QUICK, ...selected);
    expect(ended.stderr).not.toContain('error');
    await caughtUp();
    expect(stage.writesSince(before)).toEqual([]);
    expect(JSON.stringify([...state.associations.values()])).toBe(associations);
  });

  it('goes back as a whole: every object is as it was', async () => {
    const { watch, cluster, caughtUp } = stage.world;
    const ended = await stage.podshift('rollback', result.run.id, '--approve');
    expect(reportOf<RunReport>(ended).run.status, ended.stderr).toBe('rolled-back');
    expect(ended.code).toBe(0);
    expect(await cluster.settle(60_000)).toEqual([]);
    await caughtUp();
    expect(stage.changedFromStart()).toEqual([]);
    expect(watch.foreignWrites).toEqual([]);
    expect(watch.gaps).toEqual([]);
    expect(watch.promises()).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
  });

  it('was watched by something that sees: a label or a deletion from podshift is a foreign write, a trust policy that the world takes away a gap', async () => {
    const { watch, state, cluster, caughtUp } = stage.world;
    const { api } = await cluster.asUser('somebody', ['podshift']);
    const [namespace = '', name = ''] = broken.split('/').slice(1);
    const body = { metadata: { labels: { strange: 'yes' } } };
    const label = async () =>
      (
        await api('PATCH', `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`, {
          body,
          contentType: 'application/merge-patch+json',
        })
      ).status;
    // The admission policy lets nothing of the kind happen: without it the watch has to see it.
    expect(await label()).toBe(403);
    expect((await cluster.api('DELETE', '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings')).status).toBe(200);
    await expect.poll(label, { timeout: 60_000, interval: 500 }).toBe(200);
    await caughtUp();
    expect(watch.foreignWrites).toEqual([{ object: broken, why: 'changed metadata.labels.strange' }]);
    const pods: readonly KubernetesObject[] = (await cluster.api('GET', `/api/v1/namespaces/${namespace}/pods`)).body.items;
    const pod = pods.find(({ metadata }) => metadata.name.startsWith(`${name}-`))?.metadata.name ?? '';
    expect((await api('DELETE', `/api/v1/namespaces/${namespace}/pods/${pod}`)).status).toBe(200);
    await caughtUp();
    expect(watch.foreignWrites[1]).toEqual({
      object: `Pod/${namespace}/${pod}`,
      why: expect.stringMatching(/^deleted past the eviction API/),
    });
    // The same by an administrator is no write of podshift's.
    await cluster.api('PATCH', `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`, {
      body: { metadata: { labels: { strange: 'no' } } },
      contentType: 'application/merge-patch+json',
    });
    await caughtUp();
    expect(watch.foreignWrites.length).toBe(2);
    for (const role of state.roles.values()) state.writeTrust(role, '{"Version":"2012-10-17","Statement":[]}', 'system');
    await expect.poll(() => watch.gaps.length, { timeout: 10_000 }).toBeGreaterThan(0);
  });
});

function titleOf({ namespace, serviceAccount }: { readonly namespace: string; readonly serviceAccount: string }): string {
  return `${namespace}/${serviceAccount}`;
}

/** Whether a unit is that of a workload, `Kind/namespace/name`. */
function isOf(unit: PlanReport['units'][number], workload: string): boolean {
  return unit.workloads.some(({ kind, name }) => `${kind}/${unit.namespace}/${name}` === workload);
}

/** A Deployment of a unit that migrates, not first. */
function victimOf({ objects }: Snapshot): string {
  const wanted = objects.find(({ kind, metadata }) => kind === 'Deployment' && ['emailservice', 'covers'].includes(metadata.name));
  if (wanted === undefined) throw new Error('the snapshot has no Deployment to break');
  return nameOf(wanted);
}

function nameOf({ kind, metadata }: KubernetesObject): string {
  return `${kind}/${metadata.namespace}/${metadata.name}`;
}

/** Its Deployment controller gives up early, so that nothing waits for the time limit of a roll-out. */
function neverReadyOnPodIdentity(object: KubernetesObject): KubernetesObject {
  const { template } = object.spec;
  const annotations = { ...template.metadata.annotations, 'podshift.test/readiness': 'not-on-pod-identity' };
  const spec = { ...object.spec, progressDeadlineSeconds: 20, template: { ...template, metadata: { ...template.metadata, annotations } } };
  return { ...object, spec };
}
