import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { configurationOf } from './addon-configuration.ts';

/** Name of the add-on and of its DaemonSet. */
export const AGENT = 'eks-pod-identity-agent';
export const AGENT_NAMESPACE = 'kube-system';

/** What the add-on's configuration values set, as far as the twin heeds them (charts/eks-pod-identity-agent/values.yaml). */
interface AgentValues {
  readonly agent?: { readonly additionalArgs?: Readonly<Record<string, string>> };
  readonly daemonsets?: Readonly<Record<string, { readonly create?: boolean } | undefined>>;
}

type Expression = { readonly key: string; readonly operator: string; readonly values?: readonly string[] };

const COMPUTE = 'eks.amazonaws.com/compute-type';
const BOTTLEROCKET = 'os.bottlerocket.aws/variant';

/** The DaemonSets of the chart: for which nodes each is, and whether it is made unless the values say otherwise. */
const DAEMONSETS: Readonly<Record<string, { readonly suffix: string; readonly create: boolean; readonly nodes: readonly Expression[] }>> = {
  cloud: { suffix: '', create: true, nodes: [{ key: COMPUTE, operator: 'NotIn', values: ['fargate', 'hybrid', 'auto'] }] },
  hybrid: {
    suffix: '-hybrid',
    create: false,
    nodes: [
      { key: COMPUTE, operator: 'In', values: ['hybrid'] },
      { key: BOTTLEROCKET, operator: 'DoesNotExist' },
    ],
  },
  'hybrid-bottlerocket': {
    suffix: '-hybrid-bottlerocket',
    create: false,
    nodes: [
      { key: COMPUTE, operator: 'In', values: ['hybrid'] },
      { key: BOTTLEROCKET, operator: 'Exists' },
    ],
  },
};

/** Names of all DaemonSets that the add-on may have made. */
export const AGENT_SETS: readonly string[] = Object.values(DAEMONSETS).map(({ suffix }) => `${AGENT}${suffix}`);

/** The DaemonSets that the add-on installs with these configuration values, JSON or YAML; values that are neither set nothing. */
export function agentDaemonSets(region: string, clusterName: string, addonVersion: string, values?: string): KubernetesObject[] {
  const { agent, daemonsets } = (configurationOf(values) ?? {}) as AgentValues;
  return Object.entries(DAEMONSETS)
    .filter(([key, { create }]) => daemonsets?.[key]?.create ?? create)
    .map(([, { suffix, nodes }]) =>
      agentDaemonSet({ region, clusterName, addonVersion, suffix, nodes, arguments: agent?.additionalArgs ?? {} }),
    );
}

/** Whether a pod runs the agent, whoever brought it: the last part of its image's name says so. */
export function isAgentPod(pod: KubernetesObject): boolean {
  const containers: readonly { image?: string }[] = pod.spec?.containers ?? [];
  const named = containers.some(({ image = '' }) => image.split('/').at(-1)?.split(/[:@]/)[0] === AGENT);
  return named || pod.metadata.labels?.['app.kubernetes.io/name'] === AGENT;
}

/** The hosts that an agent's pod listens on, as they stand in URLs (eks-pod-identity-agent, cmd/server.go: `--bind-hosts`). */
export function agentHosts(pod: KubernetesObject): readonly string[] {
  const given = ((pod.spec?.containers ?? []) as { args?: readonly string[] }[]).flatMap(({ args = [] }) => args);
  const hosts = given.filter((_, index) => given[index - 1] === '-b' || given[index - 1] === '--bind-hosts');
  return hosts.length === 0 ? ['169.254.170.23', '[fd00:ec2::23]'] : hosts;
}

interface DaemonSetSettings {
  readonly region: string;
  readonly clusterName: string;
  readonly addonVersion: string;
  readonly suffix: string;
  readonly nodes: readonly Expression[];
  readonly arguments: Readonly<Record<string, string>>;
}

/** One of them (eks-pod-identity-agent, charts/eks-pod-identity-agent: values.yaml and templates/daemonset.yaml). */
function agentDaemonSet(settings: DaemonSetSettings): KubernetesObject {
  const { region, clusterName, addonVersion, suffix, nodes } = settings;
  const name = `${AGENT}${suffix}`;
  const labels = {
    'app.kubernetes.io/name': name,
    'app.kubernetes.io/instance': AGENT,
    'app.kubernetes.io/managed-by': 'Helm',
    'app.kubernetes.io/version': addonVersion,
  };
  const selector = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/instance': AGENT };
  const image = `602401143452.dkr.ecr.${region}.amazonaws.com/eks/eks-pod-identity-agent:${addonVersion}`;
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name, namespace: AGENT_NAMESPACE, labels },
    spec: {
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '10%' } },
      selector: { matchLabels: selector },
      template: {
        metadata: { labels: selector },
        spec: {
          priorityClassName: 'system-node-critical',
          hostNetwork: true,
          terminationGracePeriodSeconds: 30,
          tolerations: [{ operator: 'Exists' }],
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [
                  {
                    matchExpressions: [
                      { key: 'kubernetes.io/os', operator: 'In', values: ['linux'] },
                      { key: 'kubernetes.io/arch', operator: 'In', values: ['amd64', 'arm64'] },
                      ...nodes,
                    ],
                  },
                ],
              },
            },
          },
          initContainers: [
            {
              name: 'eks-pod-identity-agent-init',
              image,
              command: ['/go-runner', '/eks-pod-identity-agent', 'initialize'],
              securityContext: { privileged: true },
            },
          ],
          containers: [
            {
              name: 'eks-pod-identity-agent',
              image,
              command: ['/go-runner', '/eks-pod-identity-agent', 'server'],
              args: ['--port', '80', '--cluster-name', clusterName, '--probe-port', '2703', ...Object.entries(settings.arguments).flat()],
              ports: [
                { containerPort: 80, protocol: 'TCP', name: 'proxy' },
                { containerPort: 2703, protocol: 'TCP', name: 'probes-port' },
              ],
              env: [{ name: 'AWS_REGION', value: region }],
              securityContext: { capabilities: { add: ['CAP_NET_BIND_SERVICE'] } },
              readinessProbe: {
                httpGet: { host: 'localhost', path: '/readyz', port: 'probes-port', scheme: 'HTTP' },
                initialDelaySeconds: 1,
              },
              livenessProbe: {
                httpGet: { host: 'localhost', path: '/healthz', port: 'probes-port', scheme: 'HTTP' },
                initialDelaySeconds: 30,
              },
            },
          ],
        },
      },
    },
  };
}
