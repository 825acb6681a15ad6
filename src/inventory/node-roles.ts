import { parse as parseYaml, YAMLError } from 'yaml';
import type { AwsGateways, Role, RoleWithTags } from '../aws/gateways.ts';
import type { KubernetesGateway } from '../kubernetes/gateway.ts';
import { RESOURCES } from '../kubernetes/resources.ts';
import { isPodshiftError } from '../model/errors.ts';
import type { NodeRoleFact } from '../model/inventory.ts';
import type { Account } from './account.ts';
import type { Node } from './nodes.ts';
import { allowsAgent } from './policies.ts';

/** Policies that tell a node's role where nothing else does: for its registry or its network, or a worker's own. */
const NODE_MARKS = /\/(AmazonEKSWorkerNode\w*|AmazonEKS_CNI_Policy|AmazonEC2ContainerRegistry\w+)$/;

function policiesOf(role: Role | RoleWithTags): NonNullable<RoleWithTags['policies']> {
  return 'policies' in role ? (role.policies ?? []) : [];
}

/** Whether EC2 may run as the role, or, for hybrid nodes, Systems Manager or Roles Anywhere. */
function isForMachines({ trustPolicy }: Role): boolean {
  return /"(ec2\.amazonaws\.com(\.cn)?|ssm\.amazonaws\.com|rolesanywhere\.amazonaws\.com)"/.test(trustPolicy);
}

/**
 * The roles of the cluster's nodes, and whether they let the agent ask EKS Auth. A node joins a cluster by an access entry or by a
 * row of the aws-auth ConfigMap, whoever made it, so the roles among those principals that machines run as are the nodes'. Where
 * neither may be read, or names one, the account's roles with the mark of an EKS node are taken. Which node has which role
 * costs more calls: it is asked only where some roles let the agent in and some do not.
 */
export async function readNodeRoles(
  aws: AwsGateways,
  kubernetes: KubernetesGateway,
  account: Account,
  nodes: readonly Node[],
): Promise<NodeRoleFact[]> {
  const machines = account.roles.filter((role) => 'policies' in role && role.policies !== undefined && isForMachines(role));
  const principals = await joiningPrincipals(aws, kubernetes, account);
  const joining = machines.filter((role) => principals.arns.has(role.arn) || principals.names.has(role.roleName));
  const roles = joining.length > 0 ? joining : machines.filter((role) => policiesOf(role).some(({ arn }) => NODE_MARKS.test(arn)));
  const facts = roles
    .map((role) => ({ arn: role.arn, ...agentAllowedBy(role), nodeNames: null }))
    .sort((a, b) => Number(a.arn > b.arn) - Number(a.arn < b.arn));
  const answers = new Set(facts.map(({ agent }) => agent));
  if (!answers.has('no') || answers.size === 1) return facts;
  const roleOf = await rolesByNode(aws, kubernetes, roles, nodes);
  return facts.map((fact) => ({ ...fact, nodeNames: nodes.filter((node) => roleOf.get(node.name) === fact.arn).map(({ name }) => name) }));
}

/** What a role may do is what its policies and its permissions boundary both allow (IAM User Guide, "Permissions boundaries"). */
function agentAllowedBy(role: Role | RoleWithTags): Pick<NodeRoleFact, 'agent' | 'boundary'> {
  const agent = allowsAgent(policiesOf(role));
  const boundary = 'boundary' in role ? role.boundary : undefined;
  if (boundary === undefined || agent === 'no') return { agent };
  const within = allowsAgent([boundary]);
  if (within === 'no') return { agent: 'no', boundary: boundary.arn };
  return { agent: within === 'unknown' ? 'unknown' : agent };
}

/** Who may join: whole ARNs of access entries, and role names of aws-auth, whose ARNs leave the path out (EKS User Guide, "aws-auth"). */
async function joiningPrincipals(
  aws: AwsGateways,
  kubernetes: KubernetesGateway,
  { cluster }: Account,
): Promise<{ arns: ReadonlySet<string>; names: ReadonlySet<string> }> {
  const mode = cluster.authenticationMode ?? 'CONFIG_MAP';
  const [arns, names] = await Promise.all([
    mode === 'CONFIG_MAP' ? [] : allowed(() => aws.eks.listAccessEntries(), []),
    mode === 'API' ? [] : allowed(() => mappedRoles(kubernetes), []),
  ]);
  return { arns: new Set(arns), names: new Set(names) };
}

/** What a read answers; the given answer where it is not allowed. */
async function allowed<T>(read: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (isPodshiftError(error, 'AccessDenied', 'KubernetesForbidden')) return otherwise;
    throw error;
  }
}

/** Where a cluster keeps who may join it, and the key of its rows (EKS User Guide, "aws-auth"). */
export const AWS_AUTH = { namespace: 'kube-system', name: 'aws-auth', key: 'mapRoles' } as const;

async function mappedRoles(kubernetes: KubernetesGateway): Promise<string[]> {
  const object = await kubernetes.get(RESOURCES.configMaps, AWS_AUTH.namespace, AWS_AUTH.name);
  const rows = listIn(object?.data?.[AWS_AUTH.key]);
  return rows.flatMap(({ rolearn }) => (typeof rolearn === 'string' ? [rolearn.split('/').at(-1) as string] : []));
}

/** A YAML list of objects; empty for anything else, as aws-auth then lets nobody in. */
function listIn(text: unknown): readonly { readonly rolearn?: unknown }[] {
  try {
    const rows: unknown = parseYaml(typeof text === 'string' ? text : '[]');
    return Array.isArray(rows) ? rows.filter((row) => typeof row === 'object' && row !== null) : [];
  } catch (error) {
    if (error instanceof YAMLError) return [];
    throw error;
  }
}

const NODEGROUP_LABEL = 'eks.amazonaws.com/nodegroup';
/** Karpenter's label on its nodes (karpenter.sh, "EC2NodeClass"). */
const NODE_CLASS_LABEL = 'karpenter.k8s.aws/ec2nodeclass';

/** The role of each node whose labels tell: of a managed node group, or of a node class of Karpenter; a node that says nothing is left out. */
async function rolesByNode(
  aws: AwsGateways,
  kubernetes: KubernetesGateway,
  roles: readonly (Role | RoleWithTags)[],
  nodes: readonly Node[],
): Promise<ReadonlyMap<string, string>> {
  const labelled = (label: string) => nodes.some((node) => node.labels[label] !== undefined);
  const [groups, classes] = await Promise.all([
    labelled(NODEGROUP_LABEL) ? allowed(() => aws.eks.listNodegroups(), []) : [],
    labelled(NODE_CLASS_LABEL) ? allowed(() => kubernetes.list(RESOURCES.ec2NodeClasses), []) : [],
  ]);
  const ofGroup = new Map(groups.map((group) => [group.name, group.nodeRoleArn]));
  const ofClass = new Map(
    classes.map(({ metadata, spec, status }) => {
      const profile: unknown = spec?.instanceProfile ?? status?.instanceProfile;
      const found = roles.find(
        (role) => role.roleName === spec?.role || ('instanceProfiles' in role && role.instanceProfiles?.some((name) => name === profile)),
      );
      return [metadata.name, found?.arn];
    }),
  );
  const found = new Map<string, string>();
  for (const { name, labels } of nodes) {
    const arn = ofGroup.get(labels[NODEGROUP_LABEL] ?? '') ?? ofClass.get(labels[NODE_CLASS_LABEL] ?? '');
    if (arn !== undefined) found.set(name, arn);
  }
  return found;
}
