import { AGENT_ADDRESSES } from '../model/agent.ts';
import { type Finding, finding } from '../model/findings.ts';
import type { Inventory } from '../model/inventory.ts';
import { type Answer, admitsRole, parseTrustPolicy } from '../trust/index.ts';
import { accountSubject, blockers, note, type UnitDraft, type World, workloadSubject } from './draft.ts';

/** Associations that a cluster takes (EKS User Guide, "Service quotas"). */
const MOST_ASSOCIATIONS = 5000;

/** Characters of session tags from which little is left for what an application adds to its own sessions. */
const LONG_TAGS = 400;

/** What the cluster as a whole lacks, or may stumble over. */
export function platformFindings({ cluster, platform }: Inventory): Finding[] {
  if (platform === undefined) return [];
  const subject = `Cluster/${cluster.name}`;
  return [
    ...(platform.privateEndpoint
      ? [finding('PS408', subject, `the endpoint of ${cluster.name} is private; its nodes need com.amazonaws.${cluster.region}.eks-auth`)]
      : []),
    ...(platform.podGroupsCutOff
      ? [finding('PS410', 'DaemonSet/kube-system/aws-node', 'pods with security groups of their own cannot reach the agent of their node')]
      : []),
    ...platform.nodeRoles.flatMap(({ arn, agent, nodeNames }) => {
      if (agent !== 'no' || nodeNames === null) return [];
      return [
        finding('PS416', `Role/${arn}`, `the node role ${arn} does not allow eks-auth:AssumeRoleForPodIdentity; ${nodesOf(nodeNames)}`),
      ];
    }),
    ...platform.port80.map((workload) => finding('PS411', workload, `${workload} takes port 80 of its nodes`)),
    ...platform.controllers.map((workload) =>
      finding('PS413', workload, `${workload} manages associations or annotations of service accounts`),
    ),
  ];
}

function nodesOf(names: readonly string[]): string {
  const [first] = names;
  if (first === undefined) return 'no node that says so runs as it now';
  return names.length === 1 ? `node ${first} runs as it` : `${names.length} nodes run as it, such as ${first}`;
}

/** What the platform and the role's permissions mean for one unit that would migrate. */
export function checkPlatform(unit: UnitDraft, world: World): void {
  const { platform, cluster } = world.inventory;
  const account = accountSubject(unit);
  const address = AGENT_ADDRESSES[cluster.ipFamily === 'ipv6' ? 'ipv6' : 'ipv4'];
  for (const workload of unit.workloads) {
    const subject = workloadSubject(workload);
    for (const container of workload.proxied ?? [])
      note(unit, 'PS326', subject, `container ${container} of ${subject} has an HTTP proxy, and its NO_PROXY does not name ${address}`);
    if ((workload.cutOffBy ?? []).length > 0)
      note(unit, 'PS327', subject, `${workload.cutOffBy?.join(', ')} lets no pod of ${subject} reach ${address} on port 80`);
  }
  for (const old of platform?.oldSdks ?? [])
    if (`${old.namespace}/${old.serviceAccount}` === unit.id)
      note(unit, 'PS328', account, `${unit.id} is used by ${old.sdk} ${old.version}; Pod Identity needs ${old.minimum}`);
  checkNodeRoles(unit, world);
  checkPermissions(unit, world);
}

/** Holds the units, last by id, whose associations the cluster has no room for any more. Answers whether any was held now. */
export function holdBeyondQuota(units: readonly UnitDraft[], { cluster, platform }: Inventory): boolean {
  const room = MOST_ASSOCIATIONS - (platform?.associations ?? 0);
  const beyond = units
    .filter((unit) => unit.association === undefined && !unit.settled && blockers(unit).length === 0)
    .slice(Math.max(0, room));
  for (const unit of beyond)
    note(unit, 'PS412', accountSubject(unit), `${cluster.name} has ${platform?.associations} associations, and takes ${MOST_ASSOCIATIONS}`);
  return beyond.length > 0;
}

/** The agent asks EKS Auth with the node's role: where that is not allowed, no pod of the node gets credentials. */
function checkNodeRoles(unit: UnitDraft, { inventory: { platform } }: World): void {
  const lacking = (platform?.nodeRoles ?? []).filter(({ agent }) => agent === 'no');
  const refuses = (arn: string) => `the node role ${arn} does not allow eks-auth:AssumeRoleForPodIdentity`;
  const everywhere = lacking.length === platform?.nodeRoles.length;
  for (const { arn, nodeNames } of lacking) {
    if (everywhere) note(unit, 'PS409', accountSubject(unit), `${refuses(arn)}, so no node can serve ${unit.id}`);
    for (const workload of unit.workloads) {
      const node = workload.unservedNodes?.find((name) => nodeNames?.includes(name));
      if (node !== undefined)
        note(
          unit,
          'PS409',
          workloadSubject(workload),
          `${refuses(arn)}, and pods of ${workloadSubject(workload)} can run on its node ${node}`,
        );
    }
  }
}

function checkPermissions(unit: UnitDraft, world: World): void {
  const policies = unit.role?.policies;
  if (policies === undefined) return;
  const subject = `Role/${unit.roleArn}`;
  const depends = [...policies.sessionKeys, ...(policies.usesKafka ? ['kafka-cluster actions'] : [])];
  if (depends.length > 0) note(unit, 'PS115', subject, `the permissions of ${unit.roleArn} use ${depends.join(' and ')}`);
  if (policies.assumes.length === 0) return;
  checkChain(unit, policies.assumes);
  const { cluster } = world.inventory;
  // The six tags' values: cluster ARN and name, namespace, service account, and a pod's name and uid.
  const size = cluster.arn.length + cluster.name.length + unit.id.length + 63 + 36;
  if (size > LONG_TAGS)
    note(unit, 'PS116', subject, `the session tags of ${unit.id} have about ${size} characters, and ${unit.roleArn} assumes other roles`);
}

/**
 * The session tags go on to every role that the application assumes with its session: such a role has to take them. What admits
 * this role today and refuses its tags would break; what cannot be read from here is told.
 */
function checkChain(unit: UnitDraft, assumes: readonly string[]): void {
  const subject = `Role/${unit.roleArn}`;
  const chained = new Map((unit.role?.chained ?? []).map(({ arn, trustPolicy }) => [arn, takesTags(trustPolicy, unit.roleArn)]));
  for (const [arn, takes] of chained)
    if (takes === 'no')
      note(unit, 'PS117', subject, `${unit.roleArn} assumes ${arn}, whose trust policy does not let it pass session tags`);
  const unread = assumes.filter((resource) => (chained.get(resource) ?? 'undecidable') === 'undecidable');
  if (unread.length > 0) note(unit, 'PS114', subject, `the permissions of ${unit.roleArn} allow sts:AssumeRole on ${unread.join(', ')}`);
}

/** Whether a role that admits this one lets it pass tags; `yes` for one that does not admit it at all, as nothing works there today. */
function takesTags(trustPolicy: string, principalArn: string): Answer {
  const parsed = parseTrustPolicy(trustPolicy);
  if (!parsed.ok) return 'undecidable';
  const admits = admitsRole(parsed.policy, { principalArn });
  if (admits !== 'yes') return admits === 'no' ? 'yes' : 'undecidable';
  return admitsRole(parsed.policy, { principalArn, tagged: true });
}
