import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { PlanReport, RunReport } from '../../src/model/report.ts';
import { loadSnapshot } from '../../twin/snapshot.ts';
import { must } from './api.ts';
import { decisions, podIdentities, QUICK, reportOf, type Stage, startStage } from './podshift.ts';

const FOLDER = join(fileURLToPath(new URL('../../', import.meta.url)), 'examples/press-kube2iam');
const BINDINGS = [
  '/apis/rbac.authorization.k8s.io/v1/namespaces/press/rolebindings/courier-view',
  '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/press-courier-view',
];

/** A kind of which there are no objects: a definition is enough for podshift to have to ask. */
const OWN_KIND: KubernetesObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'issues.press.example.com' },
  spec: {
    group: 'press.example.com',
    names: { kind: 'Issue', plural: 'issues', singular: 'issue', listKind: 'IssueList' },
    scope: 'Namespaced',
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
};

/** Service accounts that several roles share under kube2iam, split on a real control plane. */
describe('a migration from kube2iam on a real control plane', () => {
  let stage: Stage;
  let planned: PlanReport;
  let refused: RunReport;
  let result: RunReport;
  const get = async (path: string) => must(await stage.world.cluster.api('GET', path), path);
  const serviceAccounts = async (): Promise<string[]> =>
    (await get('/api/v1/namespaces/press/serviceaccounts')).items.map(({ metadata }: KubernetesObject) => metadata.name).sort();
  const subjects = async (): Promise<string[][]> =>
    Promise.all(BINDINGS.map(async (path) => (await get(path)).subjects.map(({ name }: { name: string }) => name)));

  beforeAll(async () => {
    const snapshot = await loadSnapshot(FOLDER);
    stage = await startStage({ ...snapshot, objects: [...snapshot.objects, OWN_KIND] });
  });
  afterAll(() => stage?.stop());

  it('tells which kinds of a group of one’s own the shipped rights do not let podshift list', async () => {
    expect(await stage.grantAccess()).toEqual([OWN_KIND.spec.group]);
    const { findings } = reportOf<PlanReport>(await stage.podshift('plan'));
    const messages = findings.filter(({ code }) => code === 'PS518').map(({ message }) => message);
    expect(messages).toEqual([expect.stringMatching(/^custom resources of issues\.press\.example\.com could not be listed/)]);
  });

  it('is planned on the real cluster as it is on the twin, once they do', async () => {
    await stage.grantLists([OWN_KIND.spec.group]);
    planned = reportOf<PlanReport>(await stage.podshift('plan'));
    expect(decisions(planned)).toEqual(decisions(await stage.planOnTwin(FOLDER)));
    expect(new Set(planned.units.flatMap(({ splitFrom }) => splitFrom ?? []))).toEqual(new Set(['courier', 'default']));
  });

  it('holds the service accounts whose bindings it may not join, and names the role', async () => {
    const couriers = planned.units.filter(({ splitFrom }) => splitFrom === 'courier');
    const selected = ['--service-account', 'press/courier'];
    refused = reportOf<RunReport>(await stage.podshift('run', '--local', '--approve', ...QUICK, ...selected));
    const held = refused.units.filter(({ splitFrom }) => splitFrom === 'courier');
    expect(held.map(({ serviceAccount, status }) => [serviceAccount, status])).toEqual(
      couriers.map(({ serviceAccount }) => [serviceAccount, 'held']),
    );
    for (const { reason } of held)
      expect(reason).toContain('podshift may not bind ClusterRole/view: name it in the rule of infra/cluster-access/splitting.yaml');
    expect(await subjects()).toEqual([['courier'], ['courier']]);
    await stage.grantBinding(['view']);
    await stage.grantAnnotations(['press.example.com/aws-role']);
  });

  it('gives each role a service account of its own, with the bindings of the old one, and moves its pods there', async () => {
    const before = await serviceAccounts();
    const ended = await stage.podshift('run', '--local', '--approve', ...QUICK);
    result = reportOf<RunReport>(ended);
    const pending = planned.units.filter(({ status }) => status === 'pending').map(({ serviceAccount }) => serviceAccount);
    const migrated = result.units.filter(({ status }) => status === 'migrated');
    const reasons = result.units.map((unit) => `${unit.serviceAccount}: ${unit.status}: ${unit.reason}`).join('\n');
    expect(migrated.map(({ serviceAccount }) => serviceAccount).sort(), `${reasons}\n${ended.stderr}`).toEqual(pending.sort());
    const splits = migrated.filter(({ splitFrom }) => splitFrom !== undefined);
    expect(await serviceAccounts()).toEqual([...before, ...splits.map(({ serviceAccount }) => serviceAccount)].sort());
    const couriers = splits.filter(({ splitFrom }) => splitFrom === 'courier').map(({ serviceAccount }) => serviceAccount);
    for (const names of await subjects()) expect(names.sort()).toEqual(['courier', ...couriers].sort());
    const found = await podIdentities(stage.world, migrated);
    expect(found.filter(({ via, roleArn, unit }) => via !== 'pod-identity' || roleArn !== unit.roleArn)).toEqual([]);
    const withPods = new Set(found.map(({ unit }) => unit.serviceAccount));
    expect(migrated.filter(({ serviceAccount }) => !withPods.has(serviceAccount)).map(({ workloads }) => workloads[0]?.kind)).toEqual([
      'CronJob',
    ]);
  });

  it('breaks no promise, and takes the old annotations off', async () => {
    const { cluster, watch, caughtUp } = stage.world;
    expect(await cluster.settle(60_000)).toEqual([]);
    await caughtUp();
    expect(watch.gaps).toEqual([]);
    expect(watch.foreignWrites).toEqual([]);
    expect(watch.promises()).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
    const { spec } = await get('/apis/apps/v1/namespaces/press/deployments/typesetter');
    expect(spec.template.metadata.annotations ?? {}).not.toHaveProperty('press.example.com/aws-role');
  });

  it('writes nothing when it is run again', async () => {
    const before = stage.world.requests.length;
    const selected = result.units
      .filter(({ status }) => status === 'migrated')
      .flatMap(({ namespace, serviceAccount }) => ['--service-account', `${namespace}/${serviceAccount}`]);
    await stage.podshift('run', '--local', '--approve', ...QUICK, ...selected);
    await stage.world.caughtUp();
    expect(stage.writesSince(before)).toEqual([]);
  });

  it('goes back: the service accounts are gone, and bindings, templates and trust policies as they were', async () => {
    const { watch, cluster, caughtUp } = stage.world;
    // Newest first: the agent is the first run's, which was halted.
    for (const { run } of [result, refused]) {
      const ended = await stage.podshift('rollback', run.id, '--approve');
      expect({ status: reportOf<RunReport>(ended).run.status, code: ended.code }, ended.stderr).toEqual({ status: 'rolled-back', code: 0 });
    }
    expect(await cluster.settle(60_000)).toEqual([]);
    await caughtUp();
    expect(await subjects()).toEqual([['courier'], ['courier']]);
    expect(stage.changedFromStart()).toEqual([]);
    expect(watch.foreignWrites).toEqual([]);
    expect(watch.promises()).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
  });
});
