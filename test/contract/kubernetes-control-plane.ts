import { setTimeout as sleep } from 'node:timers/promises';
import { must } from '../cluster/api.ts';
import { startCluster } from '../cluster/cluster.ts';
import { type KubernetesBackend, REGION, type RunningKubernetes } from './kubernetes-backends.ts';
import { createClient } from './kubernetes-client.ts';

/** The real control plane of `npm run cluster`, with the real webhook where this machine has it. */
export const CONTROL_PLANE: KubernetesBackend = { name: 'kube-apiserver', exceptions: {}, start: startControlPlane };

const RBAC = 'rbac.authorization.k8s.io';

async function startControlPlane(): Promise<RunningKubernetes> {
  const cluster = await startCluster({ region: REGION, say: (line) => process.stderr.write(`${line}\n`) });
  cluster.allowToken('admin', { name: 'admin', groups: ['system:masters'] });
  cluster.allowToken('limited', { name: 'limited', groups: [] });
  const role = {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRole',
    metadata: { name: 'limited' },
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }],
  };
  const binding = {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'limited' },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'limited' },
    subjects: [{ apiGroup: RBAC, kind: 'User', name: 'limited' }],
  };
  must(await cluster.api('POST', `/apis/${RBAC}/v1/clusterroles`, { body: role }), 'role');
  must(await cluster.api('POST', `/apis/${RBAC}/v1/clusterrolebindings`, { body: binding }), 'binding');
  return {
    ...createClient(cluster.endpoint, cluster.certificateAuthority),
    eventually: async (check) => {
      for (const deadline = Date.now() + 180_000; ; ) {
        const found = await check();
        if (found !== undefined) {
          return found;
        }
        if (Date.now() > deadline) {
          throw new Error('it did not come about in 3 minutes');
        }
        await sleep(100);
      }
    },
    compact: cluster.compact,
    associate: (serviceAccounts) =>
      cluster.setAssociations(
        serviceAccounts.map((name) => {
          const [namespace = '', serviceAccount = ''] = name.split('/');
          return { namespace, serviceAccount };
        }),
      ),
    close: cluster.stop,
  };
}
