import { parse, YAMLError } from 'yaml';
import type { KubernetesObject } from '../src/kubernetes/gateway.ts';
import type { RoleState } from './aws/records.ts';
import { isRoleAllowed } from './aws/role-permissions.ts';
import type { AwsState } from './aws/state.ts';
import type { KubernetesSide } from './contracts.ts';

const ASK = 'eks-auth:AssumeRoleForPodIdentity';

/** Types of access entries that machines join by (EKS API Reference, "CreateAccessEntry"). */
const MACHINES = new Set(['EC2_LINUX', 'EC2_WINDOWS', 'EC2', 'HYBRID_LINUX', 'HYPERPOD_LINUX']);

/**
 * The role that each node runs as: its node group's, its Karpenter node class's or Auto Mode's, else the one by which machines join
 * this cluster (access entries, aws-auth), else the account's role that looks most like a node's.
 */
export class NodeRoles {
  readonly #state: AwsState;
  readonly #byNode = new Map<string, string>();
  readonly #refusals = new Map<string, boolean>();
  #all: ReadonlySet<string> | undefined;
  #kubernetes: KubernetesSide | undefined;
  #usual: string | undefined;

  constructor(state: AwsState) {
    this.#state = state;
  }

  /** Hands in the cluster, once it is there. */
  connect(kubernetes: KubernetesSide): void {
    this.#kubernetes = kubernetes;
    kubernetes.onChange(({ before, after }) => {
      const object = after ?? before;
      if (object?.kind !== 'Node') return;
      this.#byNode.delete(object.metadata.name);
      this.#all = undefined;
    });
  }

  /** The ARN of a node's role; of a node that nobody knows, the usual one's. */
  of(nodeName: string): string {
    const known = this.#byNode.get(nodeName);
    if (known !== undefined) return known;
    const node = this.#kubernetes?.object('Node', undefined, nodeName);
    const found = (node === undefined ? undefined : this.#told(node)) ?? this.usual;
    this.#byNode.set(nodeName, found);
    return found;
  }

  /** The role of nodes of which nothing says another. */
  get usual(): string {
    this.#usual ??= this.#joining() ?? this.#groups()[0] ?? likelyNodeRole(this.#state);
    return this.#usual;
  }

  /** Whether nodes run as a role. */
  has(roleArn: string): boolean {
    this.#all ??= new Set([this.usual, ...(this.#kubernetes?.objects('Node') ?? []).map(({ metadata }) => this.of(metadata.name))]);
    return this.#all.has(roleArn);
  }

  /** Why EKS Auth refuses the agent of a node: its role's permissions, or their boundary, do not hold the call. Undefined where they do. */
  refusal(nodeName: string): string | undefined {
    const role = this.#state.roleByArn(this.of(nodeName));
    if (role === undefined || !this.#isRefused(role)) return undefined;
    const { partition, accountId, clusterArn } = this.#state;
    const session = `arn:${partition}:sts::${accountId}:assumed-role/${role.name}/${nodeName}`;
    return `(AccessDeniedException): User: ${session} is not authorized to perform: ${ASK} on resource: ${clusterArn}, fault: client`;
  }

  /** Policies are only ever attached, so that their number tells whether there are new ones. */
  #isRefused(role: RoleState): boolean {
    const key = `${role.arn} ${role.description.AttachedManagedPolicies.length}`;
    let refused = this.#refusals.get(key);
    if (refused === undefined) {
      const { region, accountId, clusterArn: resource } = this.#state;
      const context = {
        'aws:requestedregion': region,
        'aws:principalarn': role.arn,
        'aws:principalaccount': accountId,
        'aws:securetransport': 'true',
      };
      refused = !isRoleAllowed(this.#state, role, { action: ASK, resource, context });
      this.#refusals.set(key, refused);
    }
    return refused;
  }

  /** The role that a node's own labels lead to. */
  #told({ metadata: { labels = {} } }: KubernetesObject): string | undefined {
    const { snapshot, cluster } = this.#state;
    const group = labels['eks.amazonaws.com/nodegroup'];
    const ofGroup = snapshot.nodegroups.find(({ nodegroupName }) => nodegroupName === group)?.nodeRole;
    if (ofGroup !== undefined) return ofGroup;
    const className = labels['karpenter.k8s.aws/ec2nodeclass'];
    const nodeClass = className === undefined ? undefined : this.#kubernetes?.object('EC2NodeClass', undefined, className);
    if (nodeClass !== undefined)
      return this.#named(nodeClass.spec?.role, nodeClass.spec?.instanceProfile ?? nodeClass.status?.instanceProfile);
    const auto = cluster.computeConfig?.nodeRoleArn;
    if (labels['eks.amazonaws.com/compute-type'] === 'auto' && typeof auto === 'string') return auto;
    return undefined;
  }

  /** A role by its name, or by an instance profile that it is in. */
  #named(name: unknown, profile: unknown): string | undefined {
    const roles = [...this.#state.roles.values()];
    const isIn = ({ InstanceProfileName }: { readonly InstanceProfileName?: string | undefined }) => InstanceProfileName === profile;
    return roles.find((role) => role.name === name || (typeof profile === 'string' && role.description.InstanceProfileList.some(isIn)))
      ?.arn;
  }

  #groups(): string[] {
    return this.#state.snapshot.nodegroups.flatMap(({ nodeRole }) => nodeRole ?? []);
  }

  /** The role by which machines join the cluster, one of a node group first. */
  #joining(): string | undefined {
    const { snapshot } = this.#state;
    const entries = snapshot.accessEntries.filter(({ type }) => MACHINES.has(type)).map(({ principalArn }) => principalArn);
    const names = mappedNodeRoles(this.#kubernetes?.object('ConfigMap', 'kube-system', 'aws-auth')?.data?.mapRoles);
    const mapped = [...this.#state.roles.values()].filter((role) => names.includes(role.name)).map(({ arn }) => arn);
    const joining = [...entries, ...mapped];
    return this.#groups().find((arn) => joining.includes(arn)) ?? joining.find((arn) => this.#state.roleByArn(arn) !== undefined);
  }
}

/** Names of the roles that aws-auth maps to nodes; its ARNs leave the path out. */
function mappedNodeRoles(text: unknown): string[] {
  if (typeof text !== 'string') return [];
  try {
    const rows: unknown = parse(text);
    const list = (Array.isArray(rows) ? rows : []) as { rolearn?: unknown; groups?: unknown }[];
    return list
      .filter(({ groups }) => Array.isArray(groups) && groups.includes('system:nodes'))
      .flatMap(({ rolearn }) => (typeof rolearn === 'string' ? [rolearn.split('/').at(-1) ?? ''] : []));
  } catch (error) {
    if (error instanceof YAMLError) return [];
    throw error;
  }
}

/** Where nothing tells who joins: the role for EC2 with the worker node policy. */
function likelyNodeRole(state: AwsState): string {
  const roles = [...state.roles.values()].filter((role) => /"ec2\.amazonaws\.com(\.cn)?"/.test(state.storedTrust(role).text));
  const worker = roles.find((role) =>
    role.description.AttachedManagedPolicies.some((policy) => policy.PolicyName.startsWith('AmazonEKSWorkerNode')),
  );
  return (worker ?? roles.find((role) => /node/i.test(role.name)))?.arn ?? `arn:${state.partition}:iam::${state.accountId}:role/eks-node`;
}
