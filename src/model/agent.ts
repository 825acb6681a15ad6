/** Name of the Pod Identity agent's EKS add-on, of its DaemonSet and of its image (EKS User Guide, "Set up the Amazon EKS Pod Identity Agent"). */
export const AGENT = 'eks-pod-identity-agent';

/** Where the add-on installs it. */
export const AGENT_NAMESPACE = 'kube-system';

/** The agent's addresses on each node (eks-pod-identity-agent, configuration/config.go). */
export const AGENT_ADDRESSES = { ipv4: '169.254.170.23', ipv6: 'fd00:ec2::23' } as const;

/**
 * What the add-on's configuration values can set that a cluster may need:
 * - `ipv4-only`: the agent listens on its IPv4 address alone. Where IPv6 is off on a node, it does not start otherwise (EKS User
 *   Guide, "Disable IPv6 in the EKS Pod Identity Agent").
 * - `hybrid`, `hybrid-bottlerocket`: DaemonSets of their own for hybrid nodes (EKS User Guide, "Configure add-ons for hybrid nodes").
 */
export type AgentSetting = 'ipv4-only' | 'hybrid' | 'hybrid-bottlerocket';

/** The configuration values of each setting. */
export const AGENT_VALUES: Readonly<Record<AgentSetting, { readonly agent?: object; readonly daemonsets?: object }>> = {
  'ipv4-only': { agent: { additionalArgs: { '-b': AGENT_ADDRESSES.ipv4 } } },
  hybrid: { daemonsets: { hybrid: { create: true } } },
  'hybrid-bottlerocket': { daemonsets: { 'hybrid-bottlerocket': { create: true } } },
};

/** The JSON of configuration values with these settings; null for none. */
export function agentConfiguration(settings: readonly AgentSetting[]): string | null {
  const values = settings.map((setting) => AGENT_VALUES[setting]);
  const agent = Object.assign({}, ...values.map((one) => one.agent));
  const daemonsets = Object.assign({}, ...values.map((one) => one.daemonsets));
  const filled = Object.entries({ agent, daemonsets }).filter(([, value]) => Object.keys(value).length > 0);
  return filled.length === 0 ? null : JSON.stringify(Object.fromEntries(filled));
}

/** Which pods are the agent's: those of a namespace that a label selector finds. */
export interface AgentPods {
  readonly namespace: string;
  /** As the API server takes it in a query. */
  readonly labelSelector: string;
}

/** The pods of the add-on's DaemonSets (eks-pod-identity-agent, charts/eks-pod-identity-agent/templates/_helpers.tpl). */
export const ADDON_PODS: AgentPods = {
  namespace: AGENT_NAMESPACE,
  labelSelector: `app.kubernetes.io/name in (${[AGENT, `${AGENT}-hybrid`, `${AGENT}-hybrid-bottlerocket`].join(',')})`,
};
