import { describe, expect, it } from 'vitest';
import { daemonIdentity, type IdentityWorld } from '../../../src/inventory/metadata/daemon-identity.ts';
import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { PREFIX } from '../fixtures/inventory-worlds.ts';

const OWN = 'arn:aws:iam::1:role/kube2iam';
const annotated: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { namespace: 'kube-system', name: 'kube2iam', annotations: { [`${PREFIX}/role-arn`]: OWN } },
};
const WORLD: IdentityWorld = { serviceAccounts: [annotated], associations: [], configMaps: new Map(), prefix: PREFIX };
const PLAIN: IdentityWorld = { ...WORLD, serviceAccounts: [] };
const association = { namespace: 'kube-system', serviceAccount: 'kube2iam', roleArn: `${OWN}-2`, targetRoleArn: null };

const daemon = (container: object = {}, metadata: object = {}): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { namespace: 'kube-system', name: 'kube2iam' },
  spec: {
    template: {
      metadata,
      spec: { serviceAccountName: 'kube2iam', containers: [{ name: 'kube2iam', image: 'jtblin/kube2iam', ...container }] },
    },
  },
});
const env = (...names: string[]) => ({ env: names.map((name) => ({ name, value: name === 'AWS_ROLE_ARN' ? `${OWN}-3` : 'x' })) });

describe('as whom a daemon asks', () => {
  it.each<[string, KubernetesObject, IdentityWorld, object]>([
    ['its node', daemon(), PLAIN, { kind: 'node' }],
    ['the role of its service account', daemon(), WORLD, { kind: 'role', roleArn: OWN, serviceAccount: 'kube-system/kube2iam' }],
    [
      'the role of its association, ahead of the annotation',
      daemon(),
      { ...WORLD, associations: [association] },
      { kind: 'role', roleArn: `${OWN}-2`, serviceAccount: null },
    ],
    [
      "an association's target role",
      daemon(),
      { ...WORLD, associations: [{ ...association, targetRoleArn: `${OWN}-4` }] },
      { kind: 'role', roleArn: `${OWN}-4` },
    ],
    ['a role by hand', daemon(env('AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE')), WORLD, { kind: 'role', roleArn: `${OWN}-3` }],
    ['its node, where one of the pair keeps the webhook from adding it', daemon(env('AWS_ROLE_ARN')), WORLD, { kind: 'node' }],
    ['keys', daemon(env('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY')), WORLD, { kind: 'unknown' }],
    [
      'keys of a Secret',
      daemon({ env: [{ name: 'AWS_ACCESS_KEY_ID', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }),
      PLAIN,
      { kind: 'unknown', by: 'AWS_ACCESS_KEY_ID of its container kube2iam' },
    ],
    [
      'a Secret that is not read',
      daemon({ envFrom: [{ secretRef: { name: 's' } }] }),
      PLAIN,
      { kind: 'unknown', by: 'Secret s, which podshift does not read' },
    ],
    ['a profile', daemon(env('AWS_PROFILE')), PLAIN, { kind: 'unknown' }],
    ['a mounted profile', daemon({ volumeMounts: [{ name: 'v', mountPath: '/root/.aws' }] }), PLAIN, { kind: 'unknown' }],
    [
      'its node, where it keeps the webhook away',
      daemon({}, { labels: { 'eks.amazonaws.com/skip-pod-identity-webhook': '' } }),
      WORLD,
      { kind: 'node' },
    ],
    [
      'its node, where its container is skipped',
      daemon({}, { annotations: { [`${PREFIX}/skip-containers`]: 'kube2iam' } }),
      WORLD,
      { kind: 'node' },
    ],
  ])('%s', (_, object, world, expected) => {
    expect(daemonIdentity(object, world)).toMatchObject(expected);
  });
});
