import { describe, expect, it } from 'vitest';
import { rehearse } from '../../engine/rehearsal.ts';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { createVirtualClock } from '../../twin/clock.ts';
import type { Snapshot } from '../../twin/snapshot.ts';
import { startTwin } from '../../twin/twin.ts';
import { checkPromises, EXAMPLE, settingsOf, snapshotOf } from './scenario.ts';

// The one service account of the example that everything below is about: its Deployment has the label of its own name.
const NAMESPACE = 'shop';
const NAME = 'covers';
const LABEL = { 'app.kubernetes.io/name': NAME };

// biome-ignore lint/suspicious/noExplicitAny: objects are edited as a user would
const edited = (snapshot: Snapshot, edit: (spec: any) => void): Snapshot => ({
  ...snapshot,
  objects: snapshot.objects.map((object) => {
    if (object.kind !== 'Deployment' || object.metadata.name !== NAME || object.metadata.namespace !== NAMESPACE) return object;
    const copy = structuredClone(object) as KubernetesObject;
    edit(copy.spec.template.spec);
    return copy;
  }),
});
const withObject = (
  snapshot: Snapshot,
  apiVersion: string,
  kind: string,
  spec: object,
  namespace: string | undefined = NAMESPACE,
): Snapshot => ({
  ...snapshot,
  objects: [
    ...snapshot.objects,
    { apiVersion, kind, metadata: { name: 'egress', ...(kind.includes('Clusterwide') ? {} : { namespace }), uid: 'u-egress' }, spec },
  ],
});
const networkPolicy = (egress: object[]) => (snapshot: Snapshot) =>
  withObject(snapshot, 'networking.k8s.io/v1', 'NetworkPolicy', { podSelector: { matchLabels: LABEL }, policyTypes: ['Egress'], egress });
const cilium = (kind: string, spec: object) => (snapshot: Snapshot) =>
  withObject(snapshot, 'cilium.io/v2', kind, { endpointSelector: { matchLabels: LABEL }, ...spec });
const proxy = (more: object[]) => (snapshot: Snapshot) =>
  edited(snapshot, (spec) => {
    for (const container of spec.containers)
      container.env = [...(container.env ?? []), { name: 'HTTP_PROXY', value: 'http://proxy:3128' }, ...more];
  });
const DNS = { ports: [{ port: 53, protocol: 'UDP' }] };
const AGENT = { to: [{ ipBlock: { cidr: '169.254.170.23/32' } }], ports: [{ port: 80 }] };

/** What stands between the pods and the agent, or seems to; and the code of the finding, where it does. */
const WORLDS: readonly [string, (snapshot: Snapshot) => Snapshot, string | null][] = [
  ['nothing', (snapshot) => snapshot, null],
  ['a NetworkPolicy that lets DNS through alone', networkPolicy([DNS]), 'PS327'],
  ['a NetworkPolicy that lets the agent through', networkPolicy([DNS, AGENT]), null],
  [
    'a policy of Cilium that names the agent by its address',
    cilium('CiliumNetworkPolicy', { egress: [{ toCIDR: ['169.254.170.23/32'] }] }),
    'PS327',
  ],
  ['a policy of Cilium that names the host', cilium('CiliumNetworkPolicy', { egress: [{ toEntities: ['host'] }] }), null],
  [
    'a policy of Cilium for the whole cluster',
    cilium('CiliumClusterwideNetworkPolicy', { egressDeny: [{ toEntities: ['host'] }] }),
    'PS327',
  ],
  ['a proxy', proxy([]), 'PS326'],
  ['a proxy with an exception for the agent', proxy([{ name: 'NO_PROXY', value: 'localhost,169.254.170.23' }]), null],
];

describe.each(WORLDS)('with %s in front of the agent', (_, change, code) => {
  it('podshift holds those whom it would cut off, and no others', async () => {
    const snapshot = change(await snapshotOf(EXAMPLE));
    const rehearsal = await rehearse({
      ...(await settingsOf(EXAMPLE)),
      snapshot,
      options: { soakSeconds: 60, injectionChecks: 3, serviceAccounts: [`${NAMESPACE}/${NAME}`] },
    });
    try {
      const [unit] = rehearsal.report.units;
      expect([unit?.serviceAccount, unit?.status]).toEqual([NAME, code === null ? 'migrated' : 'held']);
      if (code !== null) expect(unit?.findings).toContain(code);
      await checkPromises(rehearsal);
    } finally {
      await rehearsal.close();
    }
  });

  it('who migrates them all the same takes their credentials, or does not', async () => {
    const clock = createVirtualClock(Date.UTC(2026, 0, 5, 9));
    const base = change(await snapshotOf(EXAMPLE));
    const [other] = base.addons;
    if (other === undefined) throw new TypeError('the example has add-ons');
    const agent = { ...other, addonName: 'eks-pod-identity-agent', addonVersion: 'v1.3.8-eksbuild.2', serviceAccountRoleArn: undefined };
    const twin = await startTwin({ snapshot: { ...base, addons: [...base.addons, agent] }, clock });
    try {
      const roleArn: string =
        twin.kubernetes.object('ServiceAccount', NAMESPACE, NAME)?.metadata.annotations?.['eks.amazonaws.com/role-arn'] ?? '';
      const role = twin.awsState.roleByArn(roleArn);
      const deployment = twin.kubernetes.object('Deployment', NAMESPACE, NAME);
      if (role === undefined || deployment === undefined) throw new TypeError(`the example has ${NAME} and its role`);
      const trust = JSON.parse(twin.awsState.storedTrust(role).text);
      const ours = { Effect: 'Allow', Principal: { Service: 'pods.eks.amazonaws.com' }, Action: ['sts:AssumeRole', 'sts:TagSession'] };
      twin.awsState.writeTrust(role, JSON.stringify({ ...trust, Statement: [...trust.Statement, ours] }), 'system');
      await clock.advance(60_000);
      twin.awsState.createAssociation({ namespace: NAMESPACE, serviceAccount: NAME, roleArn }, 'system');
      await clock.advance(60_000);
      expect(twin.watch.gaps).toEqual([]);
      const { template } = deployment.spec;
      const metadata = { ...template.metadata, annotations: { ...template.metadata.annotations, again: 'now' } };
      twin.kubernetes.apply({ ...deployment, spec: { ...deployment.spec, template: { ...template, metadata } } });
      await clock.advance(120_000);
      const pods = twin.kubernetes
        .objects('Pod')
        .filter((pod) => pod.spec.serviceAccountName === NAME && pod.metadata.namespace === NAMESPACE);
      const ways = new Set(pods.map((pod) => twin.identities.callerIdentity(pod, pod.spec.containers[0].name).via));
      expect([...ways]).toEqual([code === null ? 'pod-identity' : 'none']);
      expect(twin.watch.gaps.length > 0).toBe(code !== null);
    } finally {
      await twin.close();
    }
  });
});
