import type { RehearsalSettings } from '../../engine/rehearsal.ts';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { loadSnapshot } from '../../twin/snapshot.ts';
import type { Twin } from '../../twin/twin.ts';

type Prepare = NonNullable<RehearsalSettings['prepare']>;

/** The object of the twin's cluster. Throws where it has none. */
function objectOf(twin: Twin, kind: string, namespace: string | undefined, name: string): KubernetesObject {
  const object = twin.kubernetes.object(kind, namespace, name);
  if (object === undefined) throw new Error(`the snapshot has no ${kind} ${namespace}/${name}`);
  return object;
}

/** Somebody changes the object's spec. */
function changeSpec(twin: Twin, object: KubernetesObject, change: (spec: KubernetesObject['spec']) => object): void {
  twin.kubernetes.apply({ ...object, spec: { ...object.spec, ...change(object.spec) } });
}

/** Somebody changes all containers of the object's pod template. */
function changeContainers(twin: Twin, object: KubernetesObject, fields: object): void {
  changeSpec(twin, object, ({ template }) => {
    const containers = template.spec.containers.map((container: object) => ({ ...container, ...fields }));
    return { template: { ...template, spec: { ...template.spec, containers } } };
  });
}

/** Nothing but IRSA serves the cluster's pods. */
export function withoutDaemon(twin: Twin): void {
  twin.kubernetes.remove('DaemonSet', 'kube-system', 'kube2iam');
}

/** Somebody gives every node a label. */
function labelNodes(twin: Twin, labels: Readonly<Record<string, string>>): void {
  for (const node of twin.kubernetes.objects('Node')) {
    twin.kubernetes.apply({ ...node, metadata: { ...node.metadata, labels: { ...node.metadata.labels, ...labels } } });
  }
}

/** Deletes a pod of the service account, as a lost node does: its controller makes another one. */
export function loseAPod(twin: Twin, namespace: string, serviceAccount: string): void {
  const pod = twin.kubernetes
    .objects('Pod')
    .find(({ metadata, spec }) => metadata.namespace === namespace && spec.serviceAccountName === serviceAccount);
  if (pod === undefined) throw new Error(`no pod runs as ${namespace}/${serviceAccount}`);
  twin.kubernetes.remove('Pod', namespace, pod.metadata.name);
}

/** From now on the next pod of the service account goes in as it was sent: its webhook did not answer, and admission fails open. */
export function letOnePodMissInjection(twin: Twin, namespace: string, serviceAccount: string): void {
  let missed = false;
  twin.kubernetes.onChange(({ before, after }) => {
    const isNew = before === undefined && after?.kind === 'Pod' && after.metadata.namespace === namespace;
    if (missed || !isNew || after.spec.serviceAccountName !== serviceAccount || after.metadata.ownerReferences === undefined) return;
    missed = true;
    const containers = after.spec.containers.map(({ env = [], ...container }: { env?: { name: string }[] }) => ({
      ...container,
      env: env.filter(({ name }) => !name.startsWith('AWS_CONTAINER_')),
    }));
    changeSpec(twin, after, () => ({ containers }));
  });
}

/**
 * The cluster of the example, which makes the inventory ask all it can: two node roles of which one keeps the agent out, an
 * association, an add-on that is too old, many ConfigMaps.
 */
export async function talkative(folder: string): Promise<Pick<RehearsalSettings, 'snapshot' | 'prepare'>> {
  const snapshot = await loadSnapshot(folder);
  const [nodes, media] = ['shop-nodes', 'shop-media'].map((name) => snapshot.roles.find((role) => role.RoleName === name));
  if (nodes === undefined || media === undefined) throw new Error(`${folder} has a role for nodes and one for media`);
  const clusterName = snapshot.cluster.name;
  const Arn = `${nodes.Arn}-batch`;
  const associationId = 'a-0123456789abcdef0';
  return {
    snapshot: {
      ...snapshot,
      roles: [...snapshot.roles, { ...nodes, RoleName: 'shop-nodes-batch', RoleId: 'AROABATCH', Arn, AttachedManagedPolicies: [] }],
      accessEntries: [nodes.Arn, Arn].map((principalArn) => ({ principalArn, clusterName, type: 'EC2_LINUX' })),
      nodegroups: [{ nodegroupName: 'general', clusterName, nodeRole: nodes.Arn }],
      addonConfigurations: [
        ...snapshot.addonConfigurations,
        { addonName: 'aws-efs-csi-driver', addonVersion: 'v0.1.0-eksbuild.1', podIdentityConfiguration: [] },
      ],
      associations: [
        {
          clusterName,
          namespace: 'shop',
          serviceAccount: 'covers',
          roleArn: media.Arn,
          associationArn: `${snapshot.cluster.arn.replace(':cluster/', ':podidentityassociation/')}/${associationId}`,
          associationId,
          tags: {},
        },
      ],
    },
    prepare: (twin) => {
      labelNodes(twin, { 'eks.amazonaws.com/nodegroup': 'general', 'karpenter.k8s.aws/ec2nodeclass': 'default' });
      const envFrom = Array.from({ length: 60 }, (_, index) => ({ configMapRef: { name: `settings-${index}`, optional: true } }));
      changeContainers(twin, objectOf(twin, 'Deployment', 'shop', 'storefront'), { envFrom });
      twin.addons.replace({ ...twin.addons.get('aws-efs-csi-driver'), addonVersion: 'v0.1.0-eksbuild.1' }, 'system');
    },
  };
}

/** The cluster of the example, which needs neither the agent nor a word in the role's trust policy. */
export async function ready(folder: string, roleName: string): Promise<Pick<RehearsalSettings, 'snapshot'>> {
  const snapshot = await loadSnapshot(folder);
  const [addon] = snapshot.addons;
  if (addon === undefined) throw new Error(`${folder} has an add-on`);
  const { serviceAccountRoleArn: _role, ...agent } = { ...addon, addonName: 'eks-pod-identity-agent', addonVersion: 'v1.3.8-eksbuild.2' };
  const roles = snapshot.roles.map((role) => {
    if (role.RoleName !== roleName) return role;
    const { Statement, ...policy } = JSON.parse(role.trustPolicy);
    const pods = { Effect: 'Allow', Principal: { Service: 'pods.eks.amazonaws.com' }, Action: ['sts:AssumeRole', 'sts:TagSession'] };
    return { ...role, trustPolicy: JSON.stringify({ ...policy, Statement: [Statement, pods].flat() }) };
  });
  return { snapshot: { ...snapshot, addons: [...snapshot.addons, agent], roles } };
}

/** Somebody else's update of an add-on, which lasts a quarter of an hour. */
export function updateOfSomebodyElse(addonName: string): Prepare {
  return (twin) => {
    const setStatus = (status: 'UPDATING' | 'ACTIVE') => twin.addons.replace({ ...twin.addons.get(addonName), status }, 'system');
    setStatus('UPDATING');
    twin.awsState.clock.schedule(15 * 60_000, () => setStatus('ACTIVE'));
  };
}

/** Somebody sets annotations of a service account. */
export function annotate(twin: Twin, namespace: string, serviceAccount: string, annotations: Readonly<Record<string, string>>): void {
  const object = objectOf(twin, 'ServiceAccount', namespace, serviceAccount);
  twin.kubernetes.apply({ ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } } });
}

/** Somebody else associates a service account. */
export function associateFirst(twin: Twin, namespace: string, serviceAccount: string, roleName: string): void {
  twin.awsState.createAssociation({ namespace, serviceAccount, roleArn: twin.awsState.role(roleName)?.arn ?? '' }, 'system');
}

/** Somebody deletes the association of a service account. */
export function dissociate(twin: Twin, namespace: string, serviceAccount: string): void {
  const association = twin.awsState.associationOf(namespace, serviceAccount);
  if (association !== undefined) twin.awsState.deleteAssociation(association, 'system');
}

/** The agent's pods never become ready. */
export function agentNeverReady(twin: Twin): void {
  twin.kubernetesHalf.failReadiness(({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] === 'eks-pod-identity-agent');
}

/** New pods of the service account never become ready. */
export function failReadiness(serviceAccount: string): Prepare {
  return (twin) =>
    void twin.kubernetesHalf.failReadiness(
      ({ spec }) => spec.serviceAccountName === serviceAccount && JSON.stringify(spec).includes('AWS_CONTAINER_CREDENTIALS_FULL_URI'),
    );
}

/** Workloads that run as the service account and are not rolled out by Kubernetes: stand-alone sets of pods, and an Argo Rollout. */
export function otherWorkloads(namespace: string, serviceAccountName: string): Prepare {
  const like = (twin: Twin) => {
    const { spec } = objectOf(twin, 'Deployment', namespace, serviceAccountName);
    return (name: string) => {
      const template = { ...spec.template, metadata: { ...spec.template.metadata, labels: { app: name } } };
      return { metadata: { namespace, name }, spec: { replicas: 2, selector: { matchLabels: { app: name } }, template } };
    };
  };
  return (twin) => {
    const made = like(twin);
    const controller = made('controller');
    twin.kubernetes.apply({ apiVersion: 'apps/v1', kind: 'ReplicaSet', ...made('replicas') });
    twin.kubernetes.apply({
      apiVersion: 'v1',
      kind: 'ReplicationController',
      ...controller,
      spec: { ...controller.spec, selector: { app: 'controller' } },
    });
    twin.kubernetes.apply({ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', ...made('rollout') });
  };
}

/** The StatefulSet renews no pod by itself. */
export function takeOffDuty(namespace: string, name: string): Prepare {
  return (twin) => changeSpec(twin, objectOf(twin, 'StatefulSet', namespace, name), () => ({ updateStrategy: { type: 'OnDelete' } }));
}

/** Somebody adds a statement to a role's trust policy right ahead of each write of podshift's that nobody met yet; every other one, as putting it back is a write too. */
export function writesAheadOf(name: string): Pick<RehearsalSettings, 'hooks' | 'prepare'> {
  let twin: Twin | undefined;
  let writes = 0;
  return {
    prepare: (prepared) => {
      twin = prepared;
    },
    hooks: {
      beforeRequest: ({ operation, object }) => {
        if (operation !== 'UpdateAssumeRolePolicy' || object !== name) return undefined;
        writes += 1;
        const role = twin?.awsState.role(name);
        if (twin === undefined || role === undefined || writes % 2 === 0) return undefined;
        const document = JSON.parse(twin.awsState.storedTrust(role).text) as { Statement: object[] };
        const root = {
          Sid: `Theirs${writes}`,
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::444455556666:root' },
          Action: 'sts:AssumeRole',
        };
        twin.awsState.writeTrust(role, JSON.stringify({ ...document, Statement: [...document.Statement, root] }), 'system');
        return undefined;
      },
    },
  };
}
