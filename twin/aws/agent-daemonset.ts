import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';

/** Name of the add-on and of its DaemonSet. */
export const AGENT = 'eks-pod-identity-agent';
export const AGENT_NAMESPACE = 'kube-system';

/** The DaemonSet that the add-on installs (eks-pod-identity-agent, charts/eks-pod-identity-agent: values.yaml and templates/daemonset.yaml). */
export function agentDaemonSet(region: string, clusterName: string, addonVersion: string): KubernetesObject {
  const labels = {
    'app.kubernetes.io/name': AGENT,
    'app.kubernetes.io/instance': AGENT,
    'app.kubernetes.io/managed-by': 'Helm',
    'app.kubernetes.io/version': addonVersion,
  };
  const selector = { 'app.kubernetes.io/name': AGENT, 'app.kubernetes.io/instance': AGENT };
  const image = `602401143452.dkr.ecr.${region}.amazonaws.com/eks/eks-pod-identity-agent:${addonVersion}`;
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: AGENT, namespace: AGENT_NAMESPACE, labels },
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
                      { key: 'eks.amazonaws.com/compute-type', operator: 'NotIn', values: ['fargate', 'hybrid', 'auto'] },
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
              args: ['--port', '80', '--cluster-name', clusterName, '--probe-port', '2703'],
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
