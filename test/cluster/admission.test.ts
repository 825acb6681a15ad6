import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { RESTARTED_AT } from '../../src/migration/unit/workloads.ts';
import { RETIRED_LABEL } from '../../src/model/retirement.ts';
import {
  type Change,
  CRON_JOB,
  DAEMON,
  metadataAsker,
  NAMESPACE,
  OTHER_PROBES,
  OTHER_RULES,
  probe,
  ruleRemover,
  SERVICE_ACCOUNT,
  splitOff,
  WORKLOAD,
} from './admission-examples.ts';
import { type Api, type ApiAnswer, must } from './api.ts';
import { type Cluster, startCluster } from './cluster.ts';

const ACCESS = join(fileURLToPath(new URL('../../', import.meta.url)), 'infra/cluster-access');
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const CORE = `/api/v1/namespaces/${NAMESPACE}`;
const APPS = `/apis/apps/v1/namespaces/${NAMESPACE}`;
const PATHS = {
  pods: `${CORE}/pods`,
  account: `${CORE}/serviceaccounts/web`,
  accounts: `${CORE}/serviceaccounts`,
  workload: `${APPS}/deployments/web`,
  daemon: `${APPS}/daemonsets/kube2iam`,
  cronJob: `/apis/batch/v1/namespaces/${NAMESPACE}/cronjobs/report`,
  binding: `${RBAC}/clusterrolebindings/web-view`,
  strong: `${RBAC}/clusterrolebindings/web-admin`,
};
const web = { kind: 'ServiceAccount', name: 'web', namespace: NAMESPACE };

const said = ({ body }: ApiAnswer): string => String(body.message);

/** Asks again until the answer says so, for a minute: the API server knows rights and policies a moment after they are written. */
async function until(expected: string, ask: () => Promise<ApiAnswer>): Promise<void> {
  const deadline = Date.now() + 60_000;
  let answer = await ask();
  while (!`${answer.status} ${said(answer)}`.includes(expected)) {
    if (Date.now() > deadline) throw new Error(`not ${expected}, but ${answer.status} ${said(answer)}`);
    await sleep(100);
    answer = await ask();
  }
}

/** What the rights and the policy that ship with podshift let its group do on a real API server. */
describe('the rights in a cluster', () => {
  let cluster: Cluster;
  let podshift: Api;
  const put = async (path: string, body: unknown): Promise<void> => void must(await cluster.api('POST', path, { body }), path);
  const patch = (path: string, body: unknown, type = 'strategic-merge'): Promise<ApiAnswer> =>
    podshift('PATCH', path, { body, contentType: `application/${type}-patch+json` });
  const patchTemplate = (path: string, template: unknown): Promise<ApiAnswer> => patch(path, { spec: { template } });
  const create = (pod: KubernetesObject, query = ''): Promise<ApiAnswer> => podshift('POST', `${PATHS.pods}${query}`, { body: pod });
  const bind = (path: string, ...subjects: readonly unknown[]): Promise<ApiAnswer> => patch(path, { subjects }, 'merge');

  beforeAll(async () => {
    cluster = await startCluster({ nodes: 1, webhook: 'twin' });
    await put('/api/v1/namespaces', { metadata: { name: NAMESPACE } });
    await put(PATHS.accounts, SERVICE_ACCOUNT);
    await put(`${APPS}/deployments`, WORKLOAD);
    await put(`${APPS}/daemonsets`, DAEMON);
    await put(`/apis/batch/v1/namespaces/${NAMESPACE}/cronjobs`, CRON_JOB);
    await put(PATHS.pods, { metadata: { name: 'bare' }, spec: { containers: [{ name: 'c', image: 'c:1' }] } });
    for (const [name, role] of [
      ['web-view', 'view'],
      ['web-admin', 'cluster-admin'],
    ] as const) {
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role };
      await put(`${RBAC}/clusterrolebindings`, { metadata: { name }, roleRef, subjects: [web] });
    }
    await cluster.setAssociations([{ namespace: NAMESPACE, serviceAccount: 'web' }]);
    const files = ['reading', 'migrating', 'splitting', 'retiring', 'admission-policy'].flatMap((name) => [
      '-f',
      join(ACCESS, `${name}.yaml`),
    ]);
    const { code, stderr } = await cluster.kubectl(['apply', ...files]);
    expect(code, stderr).toBe(0);
    ({ api: podshift } = await cluster.asUser('arn:aws:iam::444455556666:role/podshift', ['podshift']));
    await until('200', () => podshift('GET', PATHS.workload));
    await until('podshift-workloads', () => patch(`${PATHS.workload}?dryRun=All`, { metadata: { labels: { probing: 'x' } } }));
    await until('podshift-pods-created', () => create({ ...probe(), metadata: { name: `strange-${Date.now()}` } }));
  });
  afterAll(() => cluster?.stop());

  const allow = (answer: ApiAnswer): void => expect(answer.status, JSON.stringify(answer.body.message)).toBeLessThan(300);
  const refuse = (answer: ApiAnswer, policy: string): void => {
    expect(answer.status, JSON.stringify(answer.body)).toBe(403);
    expect(answer.body.message).toContain(`ValidatingAdmissionPolicy '${policy}'`);
  };

  it('are written in expressions that the API server finds no fault with', async () => {
    const path = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
    const ours = async (): Promise<KubernetesObject[]> => must(await cluster.api('GET', path), path).items;
    const checked = async () => (await ours()).filter(({ status }) => status?.typeChecking !== undefined).length;
    await expect.poll(checked, { timeout: 60_000 }).toBe(5);
    expect(
      (await ours()).flatMap(({ metadata, status }) =>
        (status.typeChecking.expressionWarnings ?? []).map((one: unknown) => [metadata.name, one]),
      ),
    ).toEqual([]);
  });

  describe('pods', () => {
    it('are the probe, with what the webhook adds to it, and those of a retirement', async () => {
      const made = await create(probe());
      allow(made);
      expect(JSON.stringify(made.body.spec)).toContain('AWS_CONTAINER_CREDENTIALS_FULL_URI');
      for (const pod of [ruleRemover(), ruleRemover('!eth0'), metadataAsker()]) allow(await create(pod));
    });

    it('are of any shape where nothing of them is kept', async () => {
      allow(await create({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec: WORKLOAD.spec.template.spec }, '?dryRun=All'));
    });

    it.each(OTHER_PROBES)('are no probe that %s', async (_name: string, change: Change) => {
      const pod = structuredClone(probe());
      change(pod);
      refuse(await create(pod), 'podshift-pods-created');
    });

    it.each(OTHER_RULES)('take no rule away by a pod that %s', async (_name: string, change: Change) => {
      const pod = structuredClone(ruleRemover());
      change(pod);
      refuse(await create(pod), 'podshift-pods-created');
    });

    it('are deleted where they are podshift’s own, or those of a daemon that is retired', async () => {
      const own = probe();
      allow(await create(own));
      allow(await podshift('DELETE', `${PATHS.pods}/${own.metadata.name}`));
      const list = async () => must(await cluster.api('GET', `${PATHS.pods}?labelSelector=app%3Dkube2iam`), 'pods').items;
      await expect.poll(async () => (await list()).length, { timeout: 60_000 }).toBeGreaterThan(0);
      allow(await podshift('DELETE', `${PATHS.pods}/${(await list())[0].metadata.name}`));
      refuse(await podshift('DELETE', `${PATHS.pods}/bare`), 'podshift-pods-deleted');
    });
  });

  describe('service accounts', () => {
    const role = SERVICE_ACCOUNT.metadata.annotations?.['eks.amazonaws.com/role-arn'];

    it('lose the annotations of IRSA and get them back', async () => {
      allow(await patch(PATHS.account, { metadata: { annotations: { 'eks.amazonaws.com/role-arn': null } } }, 'merge'));
      allow(await patch(PATHS.account, { metadata: { annotations: { 'eks.amazonaws.com/role-arn': role } } }, 'merge'));
    });

    it.each<[string, object]>([
      ['another annotation', { metadata: { annotations: { team: null } } }],
      ['a new annotation', { metadata: { annotations: { 'azure.workload.identity/client-id': 'x' } } }],
      ['a label', { metadata: { labels: { team: 'x' } } }],
      ['its finalizers', { metadata: { finalizers: ['example.com/x'] } }],
      ['its pull secrets', { imagePullSecrets: [{ name: 'x' }] }],
      ['its secrets', { secrets: [{ name: 'x' }] }],
      ['whether pods get a token', { automountServiceAccountToken: true }],
    ])('keep %s', async (_name, change) => {
      refuse(await patch(PATHS.account, change, 'merge'), 'podshift-service-accounts');
    });

    it('are made and deleted where they carry the mark of a run, and have no role of their own', async () => {
      allow(await podshift('POST', PATHS.accounts, { body: splitOff('web-two') }));
      allow(await podshift('DELETE', `${PATHS.accounts}/web-two`));
      const unmarked = { ...splitOff('web-three'), metadata: { name: 'web-three', namespace: NAMESPACE } };
      refuse(await podshift('POST', PATHS.accounts, { body: unmarked }), 'podshift-service-accounts');
      const withRole = structuredClone(splitOff('web-four'));
      Object.assign(withRole.metadata.annotations ?? {}, { 'eks.amazonaws.com/role-arn': role });
      refuse(await podshift('POST', PATHS.accounts, { body: withRole }), 'podshift-service-accounts');
      refuse(await podshift('DELETE', PATHS.account), 'podshift-service-accounts');
    });
  });

  describe('workloads', () => {
    const mark = { metadata: { annotations: { [RESTARTED_AT]: '2026-01-05T09:00:00Z' } } };

    it('are restarted, lose a daemon’s annotations, and move to another service account', async () => {
      allow(await patchTemplate(PATHS.workload, mark));
      allow(await patchTemplate(PATHS.workload, { metadata: { annotations: { 'iam.amazonaws.com/role': null } } }));
      allow(await patchTemplate(PATHS.workload, { spec: { serviceAccountName: 'web-two', serviceAccount: 'web-two' } }));
      allow(
        await patchTemplate(PATHS.workload, {
          metadata: { annotations: { 'iam.amazonaws.com/role': 'web', [RESTARTED_AT]: null } },
          spec: { serviceAccountName: 'web', serviceAccount: 'web' },
        }),
      );
      allow(await patchTemplate(PATHS.daemon, mark));
      const ofJob = (template: object): object => ({ spec: { jobTemplate: { spec: { template } } } });
      allow(await patch(PATHS.cronJob, ofJob({ metadata: { annotations: { 'iam.amazonaws.com/role': null } } })));
      allow(await patch(PATHS.cronJob, ofJob({ spec: { serviceAccountName: 'web-two', serviceAccount: 'web-two' } })));
    });

    it('stop and start where they are a daemon that is retired', async () => {
      const selector = (value: string | null): object => ({ spec: { nodeSelector: { [RETIRED_LABEL]: value } } });
      allow(await patchTemplate(PATHS.daemon, selector('run-1')));
      allow(await patchTemplate(PATHS.daemon, selector(null)));
      refuse(await patchTemplate(PATHS.daemon, { spec: { nodeSelector: { 'kubernetes.io/os': 'windows' } } }), 'podshift-workloads');
      refuse(await patchTemplate(PATHS.workload, selector('run-1')), 'podshift-workloads');
    });

    it.each<[string, object]>([
      ['their image', { spec: { template: { spec: { containers: [{ name: 'web', image: 'web:2' }] } } } }],
      ['their command', { spec: { template: { spec: { containers: [{ name: 'web', command: ['env'] }] } } } }],
      ['their variables', { spec: { template: { spec: { containers: [{ name: 'web', env: [{ name: 'A', value: 'b' }] }] } } } }],
      ['their volumes', { spec: { template: { spec: { volumes: [{ name: 's', secret: { secretName: 'tls' } }] } } } }],
      ['their network', { spec: { template: { spec: { hostNetwork: true } } } }],
      ['another annotation of their pods', { spec: { template: { metadata: { annotations: { team: 'x' } } } } }],
      ['the labels of their pods', { spec: { template: { metadata: { labels: { more: 'x' } } } } }],
      ['their replicas', { spec: { replicas: 0 } }],
      ['their strategy', { spec: { strategy: { type: 'Recreate', rollingUpdate: null } } }],
      ['their pause', { spec: { paused: true } }],
      ['their own annotations', { metadata: { annotations: { team: 'x' } } }],
      ['their own labels', { metadata: { labels: { team: 'x' } } }],
    ])('keep %s', async (_name, change) => {
      refuse(await patch(PATHS.workload, change), 'podshift-workloads');
    });

    it.each<[string, object]>([
      ['its schedule', { spec: { schedule: '* * * * *' } }],
      ['the labels of its Jobs', { spec: { jobTemplate: { metadata: { labels: { a: 'b' } } } } }],
      ['how often its Jobs are tried', { spec: { jobTemplate: { spec: { backoffLimit: 9 } } } }],
      ['its image', { spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: 'report', image: 'x' }] } } } } } }],
    ])('keep, of a CronJob, %s', async (_name, change) => {
      refuse(await patch(PATHS.cronJob, change), 'podshift-workloads');
    });
  });

  describe('bindings', () => {
    const other = { kind: 'ServiceAccount', name: 'web-two', namespace: NAMESPACE };

    it('get no subject for a role that podshift may not bind, and cluster-admin never', async () => {
      for (const path of [PATHS.binding, PATHS.strong]) {
        const answer = await bind(path, web, other);
        expect(answer.status).toBe(403);
        expect(answer.body.message).toContain('attempting to grant RBAC permissions not currently held');
      }
    });

    it('get and lose service accounts of a namespace that they name, once the deployer has named the role', async () => {
      const rule = {
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['clusterroles', 'roles'],
        verbs: ['bind'],
        resourceNames: ['view'],
      };
      const body = [{ op: 'add', path: '/rules/-', value: rule }];
      const path = `${RBAC}/clusterroles/podshift-splitting`;
      must(await cluster.api('PATCH', path, { body, contentType: 'application/json-patch+json' }), path);
      await expect.poll(async () => (await bind(PATHS.binding, web, other)).status, { timeout: 60_000 }).toBe(200);
      allow(await bind(PATHS.binding, web));
      expect((await bind(PATHS.strong, web, other)).body.message).toContain('attempting to grant RBAC permissions not currently held');
    });

    it.each<[string, readonly unknown[]]>([
      ['a user', [web, { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }]],
      ['podshift’s group', [web, { kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'podshift' }]],
      ['a service account of another namespace', [web, { kind: 'ServiceAccount', name: 'default', namespace: 'kube-system' }]],
    ])('do not get %s', async (_name, subjects) => {
      refuse(await bind(PATHS.binding, ...subjects), 'podshift-bindings');
    });

    it('keep their labels', async () => {
      refuse(await patch(PATHS.binding, { metadata: { labels: { a: 'b' } } }, 'merge'), 'podshift-bindings');
    });
  });

  it('read no Secret and write no policy, whatever they reach', async () => {
    for (const [method, path] of [
      ['GET', `${CORE}/secrets`],
      ['GET', '/api/v1/secrets'],
      ['POST', `${CORE}/serviceaccounts/web/token`],
      ['POST', `${RBAC}/clusterrolebindings`],
      ['POST', `${RBAC}/clusterroles`],
      ['DELETE', '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/podshift-workloads'],
      ['PATCH', '/api/v1/namespaces/kube-system/configmaps/podshift-admission'],
    ] as const) {
      const answer = await podshift(method, path, {
        ...(method === 'GET' ? {} : { body: {} }),
        ...(method === 'PATCH' ? { contentType: 'application/merge-patch+json' } : {}),
      });
      expect(answer.status, `${method} ${path}`).toBe(403);
    }
  });

  it('of those that only read change nothing at all', async () => {
    const { api } = await cluster.asUser('reader', ['podshift-readers']);
    expect((await api('GET', `${APPS}/deployments`)).status).toBe(200);
    for (const path of [PATHS.workload, PATHS.account, PATHS.binding])
      expect(
        (await api('PATCH', path, { body: { metadata: { labels: { a: 'b' } } }, contentType: 'application/merge-patch+json' })).status,
      ).toBe(403);
    expect((await api('POST', PATHS.pods, { body: probe() })).status).toBe(403);
  });

  it('of all others are what they were', async () => {
    allow(
      await cluster.api('PATCH', PATHS.workload, {
        body: { metadata: { labels: { a: 'b' } } },
        contentType: 'application/merge-patch+json',
      }),
    );
    allow(await cluster.api('DELETE', `${PATHS.pods}/bare`));
  });
});
