import pLimit from 'p-limit';
import type { Cluster } from '../../src/aws/gateways.ts';
import { hasCustomResources } from '../../src/inventory/consumers/scope.ts';
import type { KubernetesGateway, KubernetesObject, Resource } from '../../src/kubernetes/gateway.ts';
import { RESOURCES } from '../../src/kubernetes/resources.ts';
import { isPodshiftError } from '../../src/model/errors.ts';
import { count } from '../../src/report/text.ts';
import { probeName, probePod } from '../../src/verification/probe.ts';
import type { DoctorCheck } from '../outputs/doctor.ts';
import { missing, type Outcome, ok, outcomeOf, unknown, within } from './attempt.ts';
import type { DoctorWorld } from './clients.ts';
import type { ResourceNeed } from './needs.ts';

/** Reviews under way at a time. */
const CONCURRENCY = 8;

const SELF_REVIEW: Resource = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'selfsubjectaccessreviews',
  kind: 'SelfSubjectAccessReview',
  namespaced: false,
};

/** Groups of the API server itself: every cluster serves them. */
const ALWAYS_SERVED = ['', 'apps', 'batch', 'policy', 'rbac.authorization.k8s.io', 'networking.k8s.io'];

/** ClusterRoles that a run needs whatever it migrates; the others are for some clusters alone. */
const ALWAYS: readonly string[] = ['reading', 'migrating'];

const inCluster = (check: string, outcome: Outcome, needed: DoctorCheck['needed'] = 'always'): DoctorCheck => ({
  area: 'cluster',
  check,
  needed,
  ...outcome,
});

/** A service account whose pods a run would migrate, as its annotation says. */
export interface Annotated {
  readonly namespace: string;
  readonly name: string;
  readonly roleArn: string;
}

/** How far the cluster could be looked at. */
export interface ClusterSight {
  readonly checks: readonly DoctorCheck[];
  /** Undefined where its API server let nobody in. */
  readonly gateway: KubernetesGateway | undefined;
  /** Empty where they could not be read. */
  readonly annotated: readonly Annotated[];
}

/** Whether the API server is reached and lets podshift in, and which service accounts name a role. */
export async function openCluster(
  world: Pick<DoctorWorld, 'kubernetes' | 'signal'>,
  cluster: Cluster,
  prefix: string,
): Promise<ClusterSight> {
  const check = 'API server';
  try {
    const gateway = await within(world.kubernetes(), world.signal);
    await within(gateway.get(RESOURCES.namespaces, undefined, 'default'), world.signal);
    const found = await within(gateway.list(RESOURCES.serviceAccounts), world.signal).catch((error: unknown) => {
      if (isPodshiftError(error)) return [];
      throw error;
    });
    const checks = [inCluster(check, ok(`${cluster.endpoint} lets podshift in (Kubernetes ${cluster.version})`))];
    return { checks, gateway, annotated: found.flatMap((object) => annotatedBy(object, prefix)) };
  } catch (error) {
    const outcome = outcomeOf(error);
    const mayEnter = isPodshiftError(error, 'KubernetesForbidden');
    const signedIn = mayEnter ? await within(world.kubernetes(), world.signal) : undefined;
    return { checks: [inCluster(check, outcome)], gateway: signedIn, annotated: [] };
  }
}

function annotatedBy({ metadata: { namespace = '', name, annotations = {} } }: KubernetesObject, prefix: string): Annotated[] {
  const roleArn = annotations[`${prefix}/role-arn`];
  return roleArn === undefined || !/^arn:[^:]+:iam::\d{12}:role\//.test(roleArn) ? [] : [{ namespace, name, roleArn }];
}

/** Whether podshift may do each thing that a run does in the cluster, as the API server itself says of it. */
export async function accessChecks(
  { signal }: Pick<DoctorWorld, 'signal'>,
  gateway: KubernetesGateway,
  needs: readonly ResourceNeed[],
): Promise<DoctorCheck[]> {
  const limit = pLimit(CONCURRENCY);
  const may = (verb: string, group: string, resource: string): Promise<boolean> =>
    limit(async () => {
      const [plural = '', subresource] = resource.split('/');
      const resourceAttributes = { verb, group, resource: plural, ...(subresource === undefined ? {} : { subresource }) };
      const review = { apiVersion: 'authorization.k8s.io/v1', kind: SELF_REVIEW.kind, spec: { resourceAttributes } };
      return (await within(gateway.create(SELF_REVIEW, undefined, review), signal)).status?.allowed === true;
    });
  try {
    const served = await within(
      gateway.discover(() => true),
      signal,
    );
    const isServed = ({ group, resource }: ResourceNeed): boolean =>
      ALWAYS_SERVED.includes(group) || served.resources.some((one) => one.group === group && one.plural === resource);
    const customs = served.resources.filter(({ group }) => hasCustomResources(group));
    return await Promise.all(
      needs.map(async (need) => {
        const name = need.group === '' ? need.resource : `${need.resource}.${need.group}`;
        if (need.resource === '*') return customResources(customs, may);
        const check = `${need.verbs.join(', ')} ${name}`;
        if (!isServed(need)) return inCluster(check, ok('the cluster does not have this kind'), 'sometimes');
        const allowed = await Promise.all(need.verbs.map((verb) => may(verb, need.group, need.resource)));
        return judged(
          need,
          check,
          need.verbs.filter((_, index) => allowed[index] === false),
        );
      }),
    );
  } catch (error) {
    return [inCluster('Kubernetes permissions', outcomeOf(error))];
  }
}

function judged({ role, why }: ResourceNeed, check: string, denied: readonly string[]): DoctorCheck {
  const needed = ALWAYS.includes(role) ? 'always' : 'sometimes';
  if (denied.length === 0) return inCluster(check, ok(`allowed (${role}.yaml): ${why}`), needed);
  const only = needed === 'always' ? '' : `; ${OCCASIONS[role] ?? 'only some clusters need it'}`;
  return inCluster(
    check,
    missing(
      `not allowed: ${denied.join(', ')}${only}`,
      `Apply infra/cluster-access/${role}.yaml of podshift, and give its group to podshift's access entry (docs/permissions.md).`,
    ),
    needed,
  );
}

/** When the ClusterRoles are needed that not every run needs. */
const OCCASIONS: Readonly<Record<string, string>> = {
  splitting: 'only needed where several roles share a service account under kube2iam or kiam',
  retiring: 'only needed to retire kube2iam or kiam',
};

async function customResources(
  customs: readonly Resource[],
  may: (verb: string, group: string, resource: string) => Promise<boolean>,
): Promise<DoctorCheck> {
  const check = 'list custom resources';
  const allowed = await Promise.all(customs.map(({ group, plural }) => may('list', group, plural)));
  const denied = customs.filter((_, index) => allowed[index] === false).map(({ group, plural }) => `${plural}.${group}`);
  if (denied.length === 0) return inCluster(check, ok(`${count(customs.length, 'kind')} of the cluster can be listed`), 'sometimes');
  return inCluster(
    check,
    missing(
      `not allowed: ${denied.join(', ')}. Who uses a service account through them stays unknown (PS518)`,
      'Add their groups to the ClusterRole podshift-custom-resources in infra/cluster-access/reading.yaml.',
    ),
    'sometimes',
  );
}

/** Whether the probe pod would be admitted where a run needs it first: a server-side dry run, which nothing is kept of. */
export async function probeChecks(
  { target, signal }: Pick<DoctorWorld, 'target' | 'signal'>,
  gateway: KubernetesGateway,
  image: string,
  annotated: readonly Annotated[],
): Promise<DoctorCheck[]> {
  // Those of add-ons come last in a run.
  const first = annotated.find(({ namespace: where }) => where !== 'kube-system') ?? annotated[0];
  const { namespace, name: serviceAccount } = first ?? { namespace: 'default', name: 'default' };
  const unitId = `${namespace}/${serviceAccount}`;
  const request = {
    runId: 'doctor',
    unitId,
    namespace,
    serviceAccount,
    image,
    region: target.region,
    nodeName: undefined,
    tolerations: [],
  };
  const pod = probePod(probeName('doctor', unitId, 'check', 1), request);
  const check = 'probe pod';
  try {
    await within(gateway.create(RESOURCES.pods, namespace, pod, { dryRun: true }), signal);
    return [inCluster(check, ok(`${image} would be admitted in ${namespace} (dry run); whether nodes can pull it is seen in a run`))];
  } catch (error) {
    const { detail } = outcomeOf(error);
    if (!isPodshiftError(error, 'KubernetesForbidden', 'InvalidRequest')) return [inCluster(check, unknown(detail))];
    const remedy = `Let ${namespace} admit the pod, or name an image that it admits with --probe-image. The message says who refused.`;
    return [inCluster(check, missing(`${image} would not be admitted in ${namespace} (dry run): ${detail}`, remedy))];
  }
}

/** How the cluster and its Pod Identity agent stand. */
export async function agentChecks(
  { gateways, signal }: Pick<DoctorWorld, 'gateways' | 'signal'>,
  cluster: Cluster,
): Promise<DoctorCheck[]> {
  const state =
    cluster.status === 'ACTIVE'
      ? ok(`ACTIVE, platform ${cluster.platformVersion}`)
      : missing(`the cluster is ${cluster.status}`, 'Wait until it is ACTIVE, then run doctor again.');
  return [inCluster('cluster', state), inCluster('Pod Identity agent', await agentOutcome(gateways, signal, cluster))];
}

async function agentOutcome(gateways: DoctorWorld['gateways'], signal: AbortSignal, cluster: Cluster): Promise<Outcome> {
  if (cluster.autoMode) return ok('built into EKS Auto Mode');
  try {
    const addon = await within(gateways.eks.describeAddon('eks-pod-identity-agent'), signal);
    if (addon === undefined) return ok('not installed as an add-on: a run installs it, where none runs (not with --no-install-agent)');
    if (addon.status === 'ACTIVE') return ok(`add-on eks-pod-identity-agent ${addon.addonVersion} is ACTIVE`);
    const issues = addon.healthIssues.map(({ code, message }) => `${code}: ${message}`).join('; ');
    const detail = `add-on eks-pod-identity-agent ${addon.addonVersion} is ${addon.status}${issues === '' ? '' : ` (${issues})`}`;
    return ['CREATING', 'UPDATING'].includes(addon.status)
      ? unknown(detail, 'A run waits for it.')
      : missing(detail, 'Fix the add-on first: no pod gets credentials by Pod Identity without it.');
  } catch (error) {
    return unknown(outcomeOf(error).detail);
  }
}
