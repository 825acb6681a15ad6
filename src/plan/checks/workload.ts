import { AGENT_ADDRESSES } from '../../model/agent.ts';
import type { MeshFact } from '../../model/inventory.ts';
import { consumersOf } from '../consumers.ts';
import { type KnownImage, knownImages, type Verdict } from '../known-software.ts';
import { isStandIn } from '../restarts.ts';
import type { UnitFacts } from '../unit-facts.ts';
import { ofAccount, ofOverride, ofWorkload, overridesOf, type UnitCheck, type UnitTable, type WorkloadCheck } from './unit-rows.ts';

const onFargate: WorkloadCheck = ({ workload, subject }) =>
  workload.fargate === null ? undefined : `pods of ${subject} run on Fargate (${workload.fargate})`;

const onWindows: WorkloadCheck = ({ workload, subject }) => (workload.windows ? `pods of ${subject} run on Windows` : undefined);

const barePod: WorkloadCheck = ({ restart, subject }) =>
  restart.obstacle === 'bare-pod' ? `${subject} has no controller that would recreate it` : undefined;

const unknownController: WorkloadCheck = ({ workload, restart, subject }) => {
  const { controlledBy } = workload;
  if (restart.obstacle !== 'unknown-controller' || controlledBy === null) return undefined;
  const message = `pods of ${subject} belong to ${controlledBy.kind} ${controlledBy.name} (${controlledBy.apiVersion})`;
  // A set that Kubernetes' own controllers fill makes evicted pods again.
  if (isStandIn(workload)) return message;
  return {
    message,
    remedy: 'Its operator may revert the restart annotation. Let podshift evict the pods one at a time with --allow-pod-deletion.',
  };
};

const updatedInPlace: WorkloadCheck = ({ workload: { controlledBy }, restart, subject }) =>
  restart.obstacle === 'updated-in-place'
    ? `pods of ${subject} belong to a ${controlledBy?.kind} of OpenKruise, which updates them in place`
    : undefined;

const paused: WorkloadCheck = ({ restart, subject }) => (restart.obstacle === 'paused' ? `${subject} is paused` : undefined);

const updatedOnDelete: WorkloadCheck = ({ workload: { controlledBy, rolledBy: known }, restart, subject }) => {
  if (restart.obstacle !== 'on-delete') return undefined;
  const rolledBy = known ?? (controlledBy === null ? undefined : `the operator of ${controlledBy.kind} ${controlledBy.name}`);
  const message = `the update strategy of ${subject} is OnDelete`;
  if (rolledBy === undefined) return message;
  return {
    message: `${message}: ${rolledBy} rolls its pods itself`,
    remedy: `Keep its update strategy, which belongs to ${rolledBy}. To restart its pods, let podshift evict them one at a time with --allow-pod-deletion.`,
  };
};

const partitioned: WorkloadCheck = ({ workload, restart, subject }) =>
  restart.obstacle === 'partition' ? `the partition of ${subject} is ${workload.partition}` : undefined;

const evictionForbidden: WorkloadCheck = ({ workload, restart, subject }) =>
  restart.obstacle === 'disruption-budget'
    ? `${subject} would be evicted, and PodDisruptionBudget ${workload.blockingBudgets.join(', ')} allows none now`
    : undefined;

const runningJob: WorkloadCheck = ({ restart, subject }) =>
  restart.obstacle === 'running-job' ? `${subject} is running, and a Job's pods cannot be recreated` : undefined;

const recreated: WorkloadCheck = ({ workload, restart, subject }) =>
  restart.replaces && workload.strategy === 'Recreate'
    ? `${subject} has the strategy Recreate: all of its pods stop before new ones start`
    : undefined;

const singleReplica: WorkloadCheck = ({ workload, restart, subject }) =>
  restart.replaces && workload.strategy !== 'Recreate' && workload.replicas === 1
    ? `${subject} has one replica; ${workload.surge ? 'its new pod starts before the old one stops' : 'its pod stops before the new one starts'}`
    : undefined;

const nothingRuns: WorkloadCheck = ({ workload, restart, subject }) =>
  restart.method === 'none' && restart.obstacle === null && !workload.skipsWebhook && workload.endsByItself !== true
    ? `nothing of ${subject} is restarted: ${restart.why}`
    : undefined;

const endingByThemselves: WorkloadCheck = ({ workload, restart, subject }) =>
  workload.endsByItself === true && restart.obstacle === null
    ? `the pods of ${subject} end by themselves (restartPolicy Never or OnFailure), and nobody restarts them`
    : undefined;

const evictedOneByOne: WorkloadCheck = ({ restart, subject }) =>
  restart.method === 'evict' ? `pods of ${subject} are evicted one at a time: ${restart.why}` : undefined;

const keepsWebhookAway: WorkloadCheck = ({ workload, subject }) =>
  workload.skipsWebhook && overridesOf(workload).length === 0
    ? `the pods of ${subject} carry the label that keeps the webhook away`
    : undefined;

const skipsEveryContainer: WorkloadCheck = ({ workload, subject }) =>
  workload.skipsContainers === true && !workload.skipsWebhook
    ? `the skip-containers annotation of ${subject} names every container, so the webhook changes none`
    : undefined;

/** Where a daemon gives the role, nothing is asked of IRSA. */
const withoutIrsaToken: WorkloadCheck = ({ workload, subject }, { metadata }) =>
  metadata === undefined
    ? overridesOf(workload).flatMap(({ kind, container, name }) =>
        kind === 'irsa-token'
          ? [`container ${container} of ${subject} has ${name}, so it has no token for IRSA: nothing works through it today`]
          : [],
      )
    : undefined;

const withoutWorkload: UnitCheck = (unit) => {
  if (unit.workloads.length > 0) return undefined;
  const message = `no workload uses ${unit.id} now`;
  const subjects = consumersOf(unit).map(({ subject }) => subject);
  const unread = unit.world.inventory.customResources?.unread ?? [];
  if (subjects.length === 0 && unread.length > 0)
    return {
      message,
      remedy: `The probe proves the credentials. Keep the service account: ${unread.join(', ')} could not be listed, and may name it.`,
    };
  if (subjects.length === 0) return message;
  return {
    message,
    remedy: `The probe proves the credentials. Keep the service account: ${listing(subjects)} ${subjects.length === 1 ? 'names' : 'name'} it.`,
  };
};

const jobsOnly: UnitCheck = ({ id, workloads }) => {
  const concerned = workloads.filter(({ workload }) => !workload.skipsWebhook);
  const are = concerned.length > 0 && concerned.every(({ workload: { kind } }) => kind === 'Job' || kind === 'CronJob');
  return are ? `only Jobs use ${id}` : undefined;
};

const downtimeHeld: WorkloadCheck = ({ workload, restart, subject }, { world: { options } }) => {
  const recreates = workload.strategy === 'Recreate';
  if (!options.holdDowntime || !restart.replaces || !(recreates || workload.replicas === 1)) return undefined;
  return `${subject} ${recreates ? 'has the strategy Recreate' : 'has one replica'}, and --hold-downtime blocks such workloads`;
};

const behindProxy: WorkloadCheck = ({ workload, subject }, unit) =>
  workload.proxied?.map(
    (container) => `container ${container} of ${subject} has an HTTP proxy, and its NO_PROXY does not name ${agentAddress(unit)}`,
  );

const cutOffByPolicy: WorkloadCheck = ({ workload: { cutOffBy = [] }, subject }, unit) =>
  cutOffBy.length > 0 ? `${cutOffBy.join(', ')} lets no pod of ${subject} reach ${agentAddress(unit)} on port 80` : undefined;

const droppedByProxy: WorkloadCheck = ({ workload, subject }, unit) =>
  workload.meshes
    ?.filter(({ verdict }) => verdict === 'blocks')
    .map(({ mesh, by }) => ({
      message: `the ${mesh} proxy in the pods of ${subject} drops calls to ${agentAddress(unit)} on port 80 (${by})`,
      remedy: openingOf(mesh, agentAddress(unit)),
    }));

const unprovedProxy: WorkloadCheck = ({ workload, subject }, unit) =>
  workload.meshes
    ?.filter(({ verdict }) => verdict === 'unknown')
    .map(
      ({ mesh, by }) =>
        `the pods of ${subject} have a proxy of ${mesh}, and it is not known whether it passes calls to ${agentAddress(unit)}: ${by}`,
    );

const takenByGateway: WorkloadCheck = ({ workload, subject }, unit) =>
  workload.egressGateways?.map((policy) => `${policy} takes what the pods of ${subject} send, and does not except ${agentAddress(unit)}`);

const oldSdk: UnitCheck = ({ id, world: { inventory } }) =>
  inventory.platform?.oldSdks
    .filter(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}` === id)
    .map(({ sdk, version, minimum }) => `${id} is used by ${sdk} ${version}; Pod Identity needs ${minimum}`);

/** What the table of known software says of a workload's images, in words. */
function known(verdict: Verdict, says: (image: KnownImage) => string): WorkloadCheck {
  return ({ workload: { images = [] }, subject }, { world: { options } }) =>
    knownImages(images, options.knownSoftware)
      .filter((image) => image.verdict === verdict)
      .map((image) => `container ${image.container} of ${subject} runs ${image.image}: ${says(image)} (${image.row.source})`);
}

const tooOld = known('too-old', ({ row }) => `Pod Identity needs ${row.minimum}`);

const reportedToFail = known('failing', ({ row }) => `it was reported to fail, ${row.reported}${noteOf(row)}`);

const versionUnknown = known('unknown', ({ row }) =>
  row.minimum === null ? `${row.failedUpTo} was reported to fail` : `Pod Identity needs ${row.minimum}`,
);

const reportedOnce = known(
  'look',
  ({ row }) => `it was reported to fail${row.condition === '' ? '' : ` ${row.condition}`}, ${row.reported}${noteOf(row)}`,
);

function noteOf({ note }: KnownImage['row']): string {
  return note === '' ? '' : `; ${note}`;
}

/** Workloads and pods (PS3xx): what keeps them from Pod Identity, and how they are restarted. */
export const WORKLOADS: UnitTable = [
  ofOverride('PS301', 'env', 'sets the variable'),
  ofOverride('PS302', 'config-map', 'gets a credential variable from'),
  ofOverride('PS303', 'profile-mount', 'mounts a profile at'),
  ofOverride('PS304', 'token', 'mounts a hand-made STS token from volume'),
  ofOverride('PS305', 'web-identity', 'names the web-identity provider in'),
  ofOverride('PS306', 'session-name', 'sets the session name by'),
  ofOverride('PS307', 'secret-env', 'takes its environment from Secret'),
  ofWorkload('PS308', onFargate),
  ofWorkload('PS309', onWindows),
  ofWorkload('PS310', barePod, 'unless-associated'),
  ofWorkload('PS311', unknownController, 'unless-associated'),
  ofWorkload('PS312', updatedInPlace, 'unless-associated'),
  ofWorkload('PS313', paused, 'unless-associated'),
  ofWorkload('PS314', updatedOnDelete, 'unless-associated'),
  ofWorkload('PS315', partitioned, 'unless-associated'),
  ofWorkload('PS316', evictionForbidden, 'unless-associated'),
  ofWorkload('PS317', runningJob, 'unless-associated'),
  ofWorkload('PS318', recreated, 'if-migrated'),
  ofWorkload('PS319', singleReplica, 'if-migrated'),
  ofWorkload('PS320', nothingRuns, 'if-migrated'),
  ofWorkload('PS321', evictedOneByOne, 'if-migrated'),
  ofWorkload('PS322', keepsWebhookAway),
  ofAccount('PS323', withoutWorkload, 'if-migrated'),
  ofAccount('PS324', jobsOnly, 'if-migrated'),
  ofWorkload('PS325', downtimeHeld, 'unless-associated'),
  ofWorkload('PS326', behindProxy, 'unless-associated'),
  ofWorkload('PS327', cutOffByPolicy, 'unless-associated'),
  ofAccount('PS328', oldSdk, 'unless-associated'),
  ofWorkload('PS329', tooOld, 'unless-associated'),
  ofWorkload('PS330', reportedToFail, 'unless-associated'),
  ofWorkload('PS331', versionUnknown, 'unless-associated'),
  ofWorkload('PS332', reportedOnce, 'unless-associated'),
  ofWorkload('PS333', endingByThemselves, 'if-migrated'),
  ofOverride('PS334', 'token-volume', 'has'),
  ofOverride('PS335', 'token-mount', 'has'),
  ofWorkload('PS336', skipsEveryContainer),
  ofWorkload('PS337', withoutIrsaToken),
  ofWorkload('PS340', droppedByProxy, 'unless-associated'),
  ofWorkload('PS341', unprovedProxy, 'unless-associated'),
  ofWorkload('PS342', takenByGateway, 'unless-associated'),
];

/** Subjects as a remedy names them: the first few of many. */
function listing(subjects: readonly string[]): string {
  const more = subjects.length - 3;
  return more > 0 ? `${subjects.slice(0, 3).join(', ')} and ${more} more` : subjects.join(', ');
}

/** What lets calls to the agent pass a mesh's proxy by. */
function openingOf(mesh: MeshFact['mesh'], address: string): string {
  const range = `${address}/${address.includes(':') ? 128 : 32}`;
  return `${OPENINGS[mesh].replace('{range}', range).replace('{address}', address)}, roll it out, then plan again.`;
}

const OPENINGS: Readonly<Record<MeshFact['mesh'], string>> = {
  Istio:
    'Annotate the pod template with traffic.sidecar.istio.io/excludeOutboundIPRanges: {range} (or add a ServiceEntry for {address}, port 80)',
  Linkerd: 'Annotate the pod template with config.linkerd.io/skip-subnets: {range}',
  Consul: 'Annotate the pod template with consul.hashicorp.com/transparent-proxy-exclude-outbound-cidrs: {range}',
  Kuma: 'Annotate the pod template with traffic.kuma.io/exclude-outbound-ips: {range}',
  'App Mesh': 'Annotate the pod template with appmesh.k8s.aws/egressIgnoredIPs: 169.254.169.254,{address}',
};

/** The agent's address that pods of the cluster ask. */
function agentAddress({ world: { inventory } }: UnitFacts): string {
  return AGENT_ADDRESSES[inventory.cluster.ipFamily === 'ipv6' ? 'ipv6' : 'ipv4'];
}
