import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { PlanReport, RunReport } from '../../src/model/report.ts';
import type { TwinRequest } from '../../twin/contracts.ts';
import type { Snapshot } from '../../twin/snapshot.ts';
import { type ClusterWithAccount, startClusterWithAccount } from './account.ts';
import { must } from './api.ts';
import { type Ended, type Environment, run } from './run.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = join(ROOT, 'cli/main.ts');
const ACCESS = ['reading', 'migrating', 'splitting', 'admission-policy'].map((name) => join(ROOT, `infra/cluster-access/${name}.yaml`));
const CUSTOM_ROLE = '/apis/rbac.authorization.k8s.io/v1/clusterroles/podshift-custom-resources';
const SPLITTING_ROLE = '/apis/rbac.authorization.k8s.io/v1/clusterroles/podshift-splitting';
const CHOICES = '/api/v1/namespaces/kube-system/configmaps/podshift-admission';
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const REVIEW = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

/** Waits that fit an account whose IAM and EKS take two seconds; a time limit does not, since a machine may be slow. */
export const QUICK = [
  ...['--soak-seconds', '5', '--iam-propagation-seconds', '3', '--injection-checks', '3', '--injection-interval-seconds', '1'],
  ...['--failure-threshold-percent', '100'],
];

/** What a snapshot does not hold, kinds that it only defines among it (PS518). Where a plan on a cluster says so, it differs from the twin's. */
const OF_SNAPSHOTS = new Set(['PS518', 'PS901', 'PS902']);

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
}

/** A snapshot on a real control plane, and podshift's command line with the rights of infra/cluster-access and no others. */
export interface Stage {
  readonly world: ClusterWithAccount;
  /** Runs podshift as a process against the cluster; it prints JSON. */
  podshift(...args: string[]): Promise<Ended>;
  /** Plans the snapshot on a twin, as a user does ahead; without what it says of the snapshot itself, which a cluster does not leave open. */
  planOnTwin(snapshotFolder: string): Promise<PlanReport>;
  /** Gives podshift the rights that the project ships; answers the groups of custom resources which they do not name. */
  grantAccess(): Promise<string[]>;
  /** Lets podshift list the custom resources of groups, as the shipped manifest says to do for one's own kinds. */
  grantLists(groups: readonly string[]): Promise<void>;
  /** Lets podshift bind ClusterRoles and Roles of these names, as splitting.yaml says to do. */
  grantBinding(names: readonly string[]): Promise<void>;
  /** Lets podshift change these annotations of pod templates, as the policy's ConfigMap says to do. */
  grantAnnotations(keys: readonly string[]): Promise<void>;
  /** Writes to AWS and the cluster since the log was that long. */
  writesSince(length: number): TwinRequest[];
  /** What of account and cluster is not as it was at the start, the rights of podshift aside. */
  changedFromStart(): string[];
  /** Ends all of it, a command that still runs too. */
  stop(): Promise<void>;
}

/** Starts a cluster with the snapshot in it, and a folder for podshift's journal. */
export async function startStage(snapshot: Snapshot): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'podshift-test-'));
  const files = await Promise.all(ACCESS.map((file) => readFile(file, 'utf8')));
  const access = files.flatMap((text) => parseAllDocuments(text)).map((document) => document.toJS() as KubernetesObject);
  const ownObjects = access.map(({ kind, metadata: { namespace, name } }) => `${[kind, namespace ?? [], name].flat().join('/')}: is new`);
  const say = (line: string): boolean => process.stderr.write(`${line}\n`);
  const world = await startClusterWithAccount(snapshot, { say });
  say(`pods are injected by ${world.cluster.webhook === 'real' ? 'the real pod identity webhook' : "the twin's rules"}`);
  say(`left out of the snapshot: ${world.skipped.join('; ') || 'nothing'}`);
  const plain: Environment = { PATH: process.env.PATH, HOME: folder };
  const stopping = new AbortController();
  const { cluster, awsEndpoint, credentials, requests, watch } = world;
  /** The authorizer learns of a rule a moment after it is written. */
  const allowed = async (group: string, resource: string, more: { verb: string; name?: string } = { verb: 'list' }): Promise<void> => {
    const { api } = await cluster.asUser('a-member', ['podshift']);
    const body = { spec: { resourceAttributes: { group, resource, ...more } } };
    const deadline = Date.now() + 30_000;
    while (!must(await api('POST', REVIEW, { body }), REVIEW).status.allowed) {
      if (Date.now() > deadline) throw new Error(`the group podshift may not ${more.verb} ${resource} of ${group}`);
      await sleep(100);
    }
  };
  return {
    world,
    podshift: (...args) => {
      // A rollback goes by the journal alone.
      const names = args[0] === 'rollback' ? [] : ['--cluster', cluster.clusterName, '--region', cluster.region];
      return run(process.execPath, [MAIN, ...args, ...names, '--endpoint-url', awsEndpoint, '-o', 'json'], {
        // The journal goes into the state folder of HOME, which is the same.
        cwd: folder,
        signal: stopping.signal,
        environment: {
          ...plain,
          AWS_ACCESS_KEY_ID: credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
          AWS_EC2_METADATA_DISABLED: 'true',
        },
      });
    },
    planOnTwin: async (snapshotFolder) => {
      const planned = await run(process.execPath, [MAIN, 'plan', snapshotFolder, '-o', 'json'], { cwd: ROOT, environment: plain });
      const plan = reportOf<PlanReport>(planned);
      return { ...plan, findings: plan.findings.filter(({ code }) => !OF_SNAPSHOTS.has(code)) };
    },
    grantAccess: async () => {
      const { code, stderr } = await cluster.kubectl(['apply', ...ACCESS.flatMap((file) => ['-f', file])]);
      if (code !== 0) throw new Error(`kubectl apply: ${stderr}`);
      await allowed('', 'nodes');
      const granted = access.filter(({ kind }) => kind === 'ClusterRole').flatMap(({ rules }) => rules as readonly Rule[]);
      const groups = new Set(granted.flatMap(({ apiGroups }) => apiGroups));
      const known = granted.find(({ resources }) => resources.includes('*'))?.apiGroups[0];
      if (known !== undefined) await allowed(known, '*');
      const definitions = must(await cluster.api('GET', DEFINITIONS), DEFINITIONS).items as readonly KubernetesObject[];
      return [...new Set(definitions.map(({ spec }) => spec.group as string))].filter((group) => !groups.has(group)).sort();
    },
    grantLists: async (groups) => {
      if (groups.length === 0) return;
      const body = groups.map((group) => ({ op: 'add', path: '/rules/0/apiGroups/-', value: group }));
      must(await cluster.api('PATCH', CUSTOM_ROLE, { body, contentType: 'application/json-patch+json' }), CUSTOM_ROLE);
      for (const group of groups) await allowed(group, '*');
    },
    grantBinding: async (names) => {
      const rule = {
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['clusterroles', 'roles'],
        verbs: ['bind'],
        resourceNames: names,
      };
      const body = [{ op: 'add', path: '/rules/-', value: rule }];
      must(await cluster.api('PATCH', SPLITTING_ROLE, { body, contentType: 'application/json-patch+json' }), SPLITTING_ROLE);
      for (const name of names) await allowed('rbac.authorization.k8s.io', 'clusterroles', { verb: 'bind', name });
    },
    grantAnnotations: async (keys) => {
      const { templateAnnotations } = must(await cluster.api('GET', CHOICES), CHOICES).data;
      const body = { data: { templateAnnotations: `${templateAnnotations}${keys.join('\n')}\n` } };
      must(await cluster.api('PATCH', CHOICES, { body, contentType: 'application/merge-patch+json' }), CHOICES);
    },
    writesSince: (length) => requests.slice(length).filter(({ write }) => write),
    changedFromStart: () => watch.compareWithBaseline().filter((line) => !ownObjects.includes(line)),
    stop: async () => {
      stopping.abort(new Error('the test has ended'));
      await world.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The report that podshift printed; throws what it said on stderr where it printed none. */
export function reportOf<T extends PlanReport | RunReport>({ stdout, stderr }: Ended): T {
  if (!stdout.startsWith('{')) throw new Error(`podshift printed no report:\n${stderr}`);
  return JSON.parse(stdout) as T;
}

/** What a plan says of each unit, apart from what differs from cluster to cluster. */
export function decisions(plan: PlanReport) {
  const units = plan.units.map((unit) => [
    `${unit.namespace}/${unit.serviceAccount}`,
    { status: unit.status, wave: unit.wave, roleArn: unit.roleArn, workloads: unit.workloads, findings: unit.findings },
  ]);
  return { units: Object.fromEntries(units), findings: plan.findings.map(({ code, subject }) => `${code} ${subject}`).sort() };
}

/** Who each container of the units' pods is, by the pods that the cluster has now. */
export async function podIdentities({ cluster, identities }: ClusterWithAccount, units: readonly RunReport['units'][number][]) {
  const pods: readonly KubernetesObject[] = must(await cluster.api('GET', '/api/v1/pods'), 'pods').items;
  return units.flatMap((unit) => {
    const own = pods.filter(
      ({ metadata, spec }) =>
        metadata.deletionTimestamp === undefined &&
        metadata.namespace === unit.namespace &&
        spec.serviceAccountName === unit.serviceAccount,
    );
    return own.flatMap((pod) =>
      pod.spec.containers.map(({ name }: { name: string }) => {
        const { via, roleArn, error } = identities.callerIdentity({ ...pod, kind: 'Pod' }, name);
        return { unit, pod: pod.metadata.name, container: name, via, roleArn, error };
      }),
    );
  });
}
