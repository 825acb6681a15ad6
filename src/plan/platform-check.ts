import { AGENT_ADDRESSES } from '../model/agent.ts';
import { type Finding, finding } from '../model/findings.ts';
import type { Inventory } from '../model/inventory.ts';
import { accountSubject, note, type UnitDraft, type World, workloadSubject } from './draft.ts';

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
    ...platform.port80.map((workload) => finding('PS411', workload, `${workload} takes port 80 of its nodes`)),
    ...platform.controllers.map((workload) =>
      finding('PS413', workload, `${workload} manages associations or annotations of service accounts`),
    ),
  ];
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
  for (const role of platform?.nodeRoles ?? [])
    if (role.agent === 'no' && platform?.nodeRoles.every(({ agent }) => agent === 'no'))
      note(
        unit,
        'PS409',
        account,
        `the node role ${role.arn} does not allow eks-auth:AssumeRoleForPodIdentity, so no node can serve ${unit.id}`,
      );
  if (unit.association === undefined && (platform?.associations ?? 0) + world.inventory.serviceAccounts.length > MOST_ASSOCIATIONS)
    note(
      unit,
      'PS412',
      account,
      `${cluster.name} has ${platform?.associations} associations, and ${world.inventory.serviceAccounts.length} more may come`,
    );
  checkPermissions(unit, world);
}

function checkPermissions(unit: UnitDraft, world: World): void {
  const policies = unit.role?.policies;
  if (policies === undefined) return;
  const subject = `Role/${unit.roleArn}`;
  const depends = [...policies.sessionKeys, ...(policies.usesKafka ? ['kafka-cluster actions'] : [])];
  if (depends.length > 0) note(unit, 'PS115', subject, `the permissions of ${unit.roleArn} use ${depends.join(' and ')}`);
  if (!policies.assumesRoles) return;
  note(unit, 'PS114', subject, `the permissions of ${unit.roleArn} allow sts:AssumeRole`);
  const { cluster } = world.inventory;
  // The six tags' values: cluster ARN and name, namespace, service account, and a pod's name and uid.
  const size = cluster.arn.length + cluster.name.length + unit.id.length + 63 + 36;
  if (size > LONG_TAGS)
    note(unit, 'PS116', subject, `the session tags of ${unit.id} have about ${size} characters, and ${unit.roleArn} assumes other roles`);
}
