import { describe, expect, it } from 'vitest';
import type { ConfigMapData } from '../../../src/inventory/metadata/daemon-arguments.ts';
import { readDaemon } from '../../../src/inventory/metadata/daemons.ts';
import { identityPolicies, readBinding, shapeOf } from '../../../src/inventory/metadata/metadata-users.ts';
import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';

const MAPS: ConfigMapData = new Map([['flags', { BASE: 'arn:aws:iam::1:role/', KEY: 'example.com/role' }]]);

function daemon(container: object, changes: { kind?: string; name?: string } = {}) {
  const { kind = 'DaemonSet', name = 'daemon' } = changes;
  const object = {
    apiVersion: 'apps/v1',
    kind,
    metadata: { namespace: 'kube-system', name },
    spec: { template: { spec: { containers: [{ name: 'main', ...container }] } } },
  };
  return readDaemon(object as KubernetesObject, MAPS, { nodeNames: ['b', 'a', 'a'], nodes: [], labels: {} });
}

const kube2iam = (args: string[], more: object = {}) => daemon({ image: 'jtblin/kube2iam:0.11.1', args, ...more });
const server = (args: string[], image = 'quay.io/uswitch/kiam:v4.2', more: object = {}) =>
  daemon({ image, args: ['server', ...args], ...more });
const agent = (args: string[]) => daemon({ image: 'quay.io/uswitch/kiam:v4.2', args: ['agent', ...args] });

describe('the flags of kube2iam', () => {
  it('have the defaults of server.go', () => {
    expect(kube2iam([])).toMatchObject({
      subject: 'DaemonSet/kube-system/daemon',
      mechanism: 'kube2iam',
      unread: [],
      nodeNames: ['a', 'b'],
      settings: {
        part: 'kube2iam',
        roleKey: 'iam.amazonaws.com/role',
        externalIdKey: 'iam.amazonaws.com/external-id',
        namespaceKey: 'iam.amazonaws.com/allowed-roles',
        namespaceRestrictions: false,
        restrictionFormat: 'glob',
        base: { kind: 'none' },
        defaultRole: '',
        discoverDefaultRole: false,
        interception: { iptables: false, hostInterface: 'docker0', port: 8181, metadataAddress: '169.254.169.254' },
      },
    });
  });

  it.each<[string, string[], object]>([
    ['--iam-role-key by =', ['--iam-role-key=example.com/role'], { roleKey: 'example.com/role' }],
    ['--iam-role-key by a space', ['--iam-role-key', 'example.com/role', '--iptables'], { roleKey: 'example.com/role' }],
    ['the last of two', ['--iam-role-key=a/b', '--iam-role-key=c/d'], { roleKey: 'c/d' }],
    ['--iam-external-id', ['--iam-external-id=x/y'], { externalIdKey: 'x/y' }],
    ['--namespace-key', ['--namespace-key=x/y'], { namespaceKey: 'x/y' }],
    ['a switch without a value', ['--namespace-restrictions', 'ignored'], { namespaceRestrictions: true }],
    ['a switch that is off', ['--namespace-restrictions=false'], { namespaceRestrictions: false }],
    ['--namespace-restriction-format', ['--namespace-restriction-format=regexp'], { restrictionFormat: 'regexp' }],
    [
      '--base-role-arn, and appends a slash',
      ['--base-role-arn=arn:aws:iam::1:role'],
      { base: { kind: 'prefix', prefix: 'arn:aws:iam::1:role/' } },
    ],
    [
      '--base-role-arn with a path',
      ['--base-role-arn=arn:aws:iam::1:role/team/'],
      { base: { kind: 'prefix', prefix: 'arn:aws:iam::1:role/team/' } },
    ],
    ['--auto-discover-base-arn', ['--auto-discover-base-arn'], { base: { kind: 'discovered' } }],
    ['--default-role', ['--default-role=fallback'], { defaultRole: 'fallback' }],
    ['--auto-discover-default-role', ['--auto-discover-default-role=T'], { discoverDefaultRole: true }],
    [
      'interface, port and address',
      ['--iptables=true', '--host-interface=eni+', '--app-port=8282', '--metadata-addr=169.254.169.254:80'],
      { interception: { iptables: true, hostInterface: 'eni+', port: 8282, metadataAddress: '169.254.169.254' } },
    ],
  ])('are read: %s', (_, args, settings) => {
    expect(kube2iam(args)).toMatchObject({ unread: [], settings });
  });

  it('that change no mapping are read past', () => {
    const more = '--iam-role-session-ttl=30m --node=n --resolve-duplicate-cache-ips --use-regional-sts-endpoint --metrics-port=8080';
    const times = '--backoff-max-elapsed-time 2s --backoff-max-interval 1s --cache-resync-period=30m --cache-sync-attempts=10';
    const logs = '--log-format json --log-level=debug --verbose --insecure --api-server=https://x --api-token y';
    expect(kube2iam([...`${more} ${times} ${logs}`.split(' '), '--default-role=last'])).toMatchObject({
      unread: [],
      settings: { ...kube2iam([])?.settings, defaultRole: 'last' },
    });
  });

  it.each<[string, object, object]>([
    [
      'a literal variable',
      { args: ['--base-role-arn=$(BASE)'], env: [{ name: 'BASE', value: 'arn:aws:iam::2:role/' }] },
      { base: { prefix: 'arn:aws:iam::2:role/' } },
    ],
    [
      'a variable of an earlier one',
      {
        args: ['--default-role=$(B)'],
        env: [
          { name: 'A', value: 'x' },
          { name: 'B', value: '$(A)y' },
        ],
      },
      { defaultRole: 'xy' },
    ],
    ['an escaped variable', { args: ['--default-role=$$(A)'], env: [{ name: 'A', value: 'x' }] }, { defaultRole: '$(A)' }],
    ['a variable that is not there', { args: ['--default-role=$(A)'] }, { defaultRole: '$(A)' }],
    [
      'a key of a ConfigMap',
      { args: ['--iam-role-key=$(K)'], env: [{ name: 'K', valueFrom: { configMapKeyRef: { name: 'flags', key: 'KEY' } } }] },
      { roleKey: 'example.com/role' },
    ],
    [
      'a whole ConfigMap',
      { args: ['--base-role-arn=$(X_BASE)'], envFrom: [{ prefix: 'X_', configMapRef: { name: 'flags' } }] },
      { base: { prefix: 'arn:aws:iam::1:role/' } },
    ],
    [
      'the line of a shell',
      { command: ['/bin/sh', '-c', 'exec kube2iam --base-role-arn "arn:aws:iam::3:role/" --iptables'] },
      { base: { prefix: 'arn:aws:iam::3:role/' }, interception: { iptables: true } },
    ],
  ])('may come from %s', (_, container, settings) => {
    expect(kube2iam([], container)).toMatchObject({ unread: [], settings });
  });

  it.each<[string, object, string[]]>([
    [
      'a Secret',
      { args: ['--base-role-arn=$(B)'], env: [{ name: 'B', valueFrom: { secretKeyRef: { name: 's', key: 'b' } } }] },
      ['--base-role-arn'],
    ],
    ['a whole Secret', { args: ['--default-role=$(B)'], envFrom: [{ secretRef: { name: 's' } }] }, ['--default-role']],
    [
      'the node',
      { args: ['--default-role=$(N)'], env: [{ name: 'N', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }] },
      ['--default-role'],
    ],
    ['no boolean', { args: ['--namespace-restrictions=maybe'] }, ['--namespace-restrictions']],
    ['no port', { args: ['--app-port=http'] }, ['--app-port']],
    ['a base that is no ARN', { args: ['--base-role-arn=role/'] }, ['--base-role-arn, which is no ARN of roles']],
    ['a base of another service', { args: ['--base-role-arn=arn:aws:s3:::role/'] }, ['--base-role-arn, which is no ARN of roles']],
    [
      'two bases at once',
      { args: ['--base-role-arn=arn:aws:iam::1:role/', '--auto-discover-base-arn'] },
      ['--base-role-arn with --auto-discover-base-arn'],
    ],
  ])('are not guessed where they come from %s', (_, container, unread) => {
    expect(kube2iam([], container)?.unread).toEqual(unread);
  });

  it('do not matter where only the node decides them', () => {
    const container = { args: ['--host-ip=$(IP)'], env: [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }] };
    expect(kube2iam([], container)?.unread).toEqual([]);
  });
});

describe('the flags of kiam', () => {
  it.each<[string, ReturnType<typeof server>, object]>([
    [
      'a server of version 4',
      server(['--role-base-arn=arn:aws:iam::1:role/']),
      { part: 'kiam-server', version: 4, strictRegexp: true, base: { prefix: 'arn:aws:iam::1:role/' } },
    ],
    ['a server of version 3', server([], 'uswitch/kiam:v3.6-rc1'), { version: 3 }],
    ['a version that the image does not tell', server([], 'example.com/kiam@sha256:00'), { version: null }],
    ['--role-base-arn-autodetect', server(['--role-base-arn-autodetect']), { base: { kind: 'discovered' } }],
    ['a base without a slash stays so', server(['--role-base-arn=arn:aws:iam::1:role']), { base: { prefix: 'arn:aws:iam::1:role' } }],
    ['--disable-strict-namespace-regexp', server(['--disable-strict-namespace-regexp']), { strictRegexp: false }],
    ['--no-… of kingpin', server(['--no-disable-strict-namespace-regexp']), { strictRegexp: true }],
    ['--assume-role-arn and --session', server(['--assume-role-arn', 'kiam', '--session=me']), { assumeRoleArn: 'kiam', session: 'me' }],
    [
      'an agent',
      agent(['--iptables', '--host-interface=!eth0', '--port=8181']),
      { part: 'kiam-agent', allowRoute: '^$', interception: { iptables: true, hostInterface: '!eth0', port: 8181 } },
    ],
    ["an agent's defaults", agent([]), { interception: { iptables: false, port: 3100 } }],
    ['the routes of an older agent', agent(['--whitelist-route-regexp=.*']), { allowRoute: '.*' }],
    ['a program of its own', daemon({ image: 'example.com/base:1', command: ['/usr/bin/kiam', '/agent'] }), { part: 'kiam-agent' }],
    [
      'a part that only the name tells',
      daemon({ image: 'uswitch/kiam:v3.0' }, { kind: 'Deployment', name: 'my-kiam-server' }),
      { part: 'kiam-server' },
    ],
  ])('are read: %s', (_, found, settings) => {
    expect(found?.settings).toMatchObject(settings);
    expect(found?.unread).toEqual([]);
  });

  it('are not guessed where nothing tells agent from server', () => {
    expect(daemon({ image: 'uswitch/kiam:v3.0' })?.unread).toEqual(['whether it is agent or server']);
  });

  it.each<[string, ReturnType<typeof daemon>]>([
    ['another image', daemon({ image: 'example.com/not-kiam:1' })],
    ['another kind', daemon({ image: 'uswitch/kiam:v3.0' }, { kind: 'StatefulSet' })],
  ])('are looked for in no %s', (_, found) => {
    expect(found).toBeUndefined();
  });
});

describe('what knows a service account', () => {
  const account = (metadata: object, more: object = {}) =>
    ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'a', namespace: 'n', ...metadata }, ...more }) as KubernetesObject;

  it('is copied with labels, secrets and automount, and without the marks of IRSA and of tools', () => {
    const annotations = {
      'example.com/x': '1',
      'eks.amazonaws.com/role-arn': 'arn',
      'eks.amazonaws.com/audience': 'a',
      'argocd.argoproj.io/tracking-id': 't',
      'meta.helm.sh/release-name': 'r',
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
    };
    const labels = { team: 'a', 'app.kubernetes.io/managed-by': 'Helm', 'app.kubernetes.io/instance': 'argo' };
    expect(
      shapeOf(
        account(
          { annotations, labels },
          { imagePullSecrets: [{ name: 'p' }], secrets: [{ name: 's' }], automountServiceAccountToken: false },
        ),
        'eks.amazonaws.com',
      ),
    ).toEqual({
      labels: { team: 'a' },
      annotations: { 'example.com/x': '1' },
      imagePullSecrets: [{ name: 'p' }],
      secrets: [{ name: 's' }],
      automountServiceAccountToken: false,
    });
    expect(shapeOf(account({}), 'eks.amazonaws.com')).toEqual({
      labels: {},
      annotations: {},
      imagePullSecrets: [],
      secrets: [],
      automountServiceAccountToken: null,
    });
  });

  it('is a binding of service accounts, and no other', () => {
    const binding = (subjects: object[] | undefined) =>
      readBinding({ apiVersion: 'x', kind: 'RoleBinding', metadata: { name: 'b', namespace: 'n' }, subjects } as KubernetesObject);
    expect(
      binding([
        { kind: 'ServiceAccount', name: 'a' },
        { kind: 'ServiceAccount', name: 'b', namespace: 'm' },
        { kind: 'Group', name: 'g' },
      ]),
    ).toEqual({ kind: 'RoleBinding', namespace: 'n', name: 'b', serviceAccounts: ['m/b', 'n/a'] });
    expect(binding([{ kind: 'Group', name: 'g' }])).toBeUndefined();
    expect(binding(undefined)).toBeUndefined();
  });

  it.each<[string, string, object]>([
    ['Istio, by SPIFFE identity', 'AuthorizationPolicy', { rules: [{ from: [{ source: { principals: ['cluster.local/ns/n/sa/a'] } }] }] }],
    ['Kyverno, by user name', 'Policy', { match: { any: [{ subjects: ['system:serviceaccount:n:a'] }] } }],
    ['Cilium, by label', 'CiliumNetworkPolicy', { endpointSelector: { matchLabels: { 'io.cilium.k8s.policy.serviceaccount': 'a' } } }],
    ['Calico, by name', 'NetworkPolicy', { ingress: [{ source: { serviceAccounts: { names: ['a', 'b'] } } }] }],
    ['Istio, by namespace and name', 'AuthorizationPolicy', { rules: [{ from: [{ source: { serviceAccounts: ['n/a'] } }] }] }],
  ])('is a policy of %s', (_, kind, spec) => {
    const policy = { apiVersion: 'x/v1', kind, metadata: { name: 'p', namespace: 'n' }, spec } as KubernetesObject;
    expect(identityPolicies(policy, new Set(['n/a', 'n/aa']))).toEqual([{ subject: `${kind}/n/p`, serviceAccount: 'n/a' }]);
    expect(identityPolicies(policy, new Set(['n/aa', 'm/a']))).toEqual([]);
  });

  it('is a policy of the cluster too', () => {
    const policy = {
      apiVersion: 'x/v1',
      kind: 'ClusterPolicy',
      metadata: { name: 'p' },
      spec: { serviceAccountName: 'a', who: 'system:serviceaccount:n:a' },
    } as KubernetesObject;
    expect(identityPolicies(policy, new Set(['n/a']))).toEqual([{ subject: 'ClusterPolicy/p', serviceAccount: 'n/a' }]);
  });
});
