import { describe, expect, it } from 'vitest';
import { compareVersions, isConfiguration } from '../../src/inventory/addons.ts';
import { cutOffBy, egressPolicies, type Family, proxiedContainers, takesPort80 } from '../../src/inventory/network.ts';
import { allowsAgent, policyFacts } from '../../src/inventory/policies.ts';
import { oldSdk, oldSdks } from '../../src/inventory/sdks.ts';

const policy = (spec: object) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'p', namespace: 'shop' },
  spec,
});
const cut = (spec: object, family: Family = 'ipv4') =>
  cutOffBy(egressPolicies([policy({ podSelector: {}, policyTypes: ['Egress'], ...spec })], [], family), 'shop', { app: 'api' });
const cilium = (spec: object) =>
  cutOffBy(egressPolicies([], [policy({ endpointSelector: { matchLabels: { app: 'api' } }, ...spec })], 'ipv4'), 'shop', { app: 'api' });
const agent = { ipBlock: { cidr: '169.254.170.23/32' } };

describe('network policies', () => {
  it.each<[string, object, boolean]>([
    ['deny all', {}, true],
    ['DNS alone', { egress: [{ ports: [{ port: 53, protocol: 'UDP' }] }] }, true],
    ['the agent', { egress: [{ to: [agent], ports: [{ port: 80 }] }] }, false],
    ['the agent on a range of ports', { egress: [{ to: [agent], ports: [{ port: 1, endPort: 100 }] }] }, false],
    ['the agent on another port', { egress: [{ to: [agent], ports: [{ port: 443 }] }] }, true],
    ['everything', { egress: [{}] }, false],
    ['the internet', { egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }] }, false],
    ['the internet without link-local', { egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.0.0/16'] } }] }] }, true],
    ['pods alone', { egress: [{ to: [{ podSelector: {} }] }] }, true],
    ['other pods', { podSelector: { matchLabels: { app: 'web' } } }, false],
    ['ingress alone', { policyTypes: ['Ingress'] }, false],
  ])('that allow %s', (_, spec, isCut) => {
    expect(cut(spec)).toEqual(isCut ? ['NetworkPolicy/shop/p'] : []);
  });

  it('go by the address that the cluster’s pods are given', () => {
    const to = (cidr: string) => ({ egress: [{ to: [{ ipBlock: { cidr } }] }] });
    expect(cut(to('fd00:ec2::23/128'), 'ipv6')).toEqual([]);
    expect(cut(to('::/0'), 'ipv6')).toEqual([]);
    expect(cut(to('169.254.170.23/32'), 'ipv6')).toEqual(['NetworkPolicy/shop/p']);
    expect(cut(to('fd00:ec2::23/128'))).toEqual(['NetworkPolicy/shop/p']);
    expect(cut(to('not a network'))).toEqual(['NetworkPolicy/shop/p']);
    expect(cut(to('169.254.170.23/99'))).toEqual(['NetworkPolicy/shop/p']);
  });

  it.each<[string, object, boolean]>([
    ['the host on port 80', { egress: [{ toEntities: ['host'], toPorts: [{ ports: [{ port: '80' }] }] }] }, false],
    ['the address, which is the host', { egress: [{ toCIDR: ['169.254.170.23/32'] }] }, true],
    ['no rules', {}, false],
  ])('of Cilium that allow %s', (_, spec, isCut) => {
    expect(cilium(spec)).toEqual(isCut ? ['CiliumNetworkPolicy/shop/p'] : []);
  });
});

describe('proxies and ports', () => {
  const container = (env: Record<string, string>) => ({
    containers: [{ name: 'app', env: Object.entries(env).map(([name, value]) => ({ name, value })) }],
  });
  it.each<[Record<string, string>, boolean]>([
    [{ HTTP_PROXY: 'http://p' }, true],
    [{ http_proxy: 'http://p', no_proxy: '10.0.0.0/8,.svc' }, true],
    [{ HTTP_PROXY: 'http://p', NO_PROXY: 'a, 169.254.170.23' }, false],
    [{ HTTP_PROXY: 'http://p', NO_PROXY: '169.254.0.0/16' }, false],
    [{ HTTPS_PROXY: 'http://p' }, false],
    [{}, false],
  ])('%j', (env, proxied) => {
    expect(proxiedContainers(container(env), 'ipv4', () => undefined)).toEqual(proxied ? ['app'] : []);
  });

  it('of ConfigMaps count, and what the container sets itself comes first', () => {
    const from = { envFrom: [{ configMapRef: { name: 'proxy' } }, { secretRef: { name: 's' } }] };
    const data: Record<string, Record<string, string>> = { proxy: { HTTP_PROXY: 'http://p' }, except: { list: '169.254.170.23' } };
    const proxied = (one: object) => proxiedContainers({ containers: [{ name: 'app', ...one }] }, 'ipv4', (name) => data[name]);
    const reference = { name: 'NO_PROXY', valueFrom: { configMapKeyRef: { name: 'except', key: 'list' } } };
    expect(proxied(from)).toEqual(['app']);
    expect(proxied({ ...from, env: [reference] })).toEqual([]);
    expect(proxied({ ...from, env: [{ name: 'http_proxy', value: '' }] })).toEqual([]);
    expect(proxied({ envFrom: [{ configMapRef: { name: 'unread' } }], env: [{ name: 'NO_PROXY', valueFrom: {} }] })).toEqual([]);
    expect(proxied({ envFrom: [{ configMapRef: { name: 'proxy' }, prefix: 'MY_' }] })).toEqual([]);
  });

  it('ask the agent of an IPv6 cluster at its own address', () => {
    const spec = (except: string) => ({
      containers: [
        {
          name: 'app',
          env: [
            { name: 'HTTP_PROXY', value: 'http://p' },
            { name: 'NO_PROXY', value: except },
          ],
        },
      ],
    });
    expect(proxiedContainers(spec('169.254.170.23'), 'ipv6', () => undefined)).toEqual(['app']);
    expect(proxiedContainers(spec('[fd00:ec2::23]'), 'ipv6', () => undefined)).toEqual([]);
  });

  it('sees who takes port 80', () => {
    expect(takesPort80({ hostNetwork: true, containers: [{ ports: [{ containerPort: 80 }] }] })).toBe(true);
    expect(takesPort80({ containers: [{ ports: [{ hostPort: 80 }] }] })).toBe(true);
    expect(takesPort80({ containers: [{ ports: [{ containerPort: 80 }] }] })).toBe(false);
  });
});

describe('permission policies', () => {
  const inline = (statement: object) => [{ arn: '', document: JSON.stringify({ Statement: statement }) }];
  it.each<[string, { arn: string; document: string }[], 'yes' | 'no' | 'unknown']>([
    ['the worker policy', [{ arn: 'arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy', document: '' }], 'yes'],
    ['an inline statement', inline({ Effect: 'Allow', Action: 'eks-auth:*' }), 'yes'],
    ['everything', inline({ Effect: 'Allow', Action: ['*'] }), 'yes'],
    ["another of AWS's", [{ arn: 'arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy', document: '' }], 'no'],
    ["a customer's that was not read", [{ arn: 'arn:aws:iam::444455556666:policy/nodes', document: '' }], 'unknown'],
    ['nothing', [{ arn: '', document: 'not json' }], 'no'],
  ])('%s lets the agent in or not', (_, policies, answer) => {
    expect(allowsAgent(policies)).toBe(answer);
  });

  it('sees role chaining, MSK and session names', () => {
    expect(policyFacts(inline({ Effect: 'Allow', Action: 'sts:Assume*' })).assumesRoles).toBe(true);
    expect(policyFacts(inline({ Effect: 'Allow', Action: '*' })).assumesRoles).toBe(false);
    expect(policyFacts(inline([{ Effect: 'Allow', Action: ['kafka-cluster:Connect'] }])).usesKafka).toBe(true);
    const condition = { StringLike: { 'aws:userId': 'AROA*:name' } };
    expect(policyFacts(inline({ Effect: 'Allow', Action: 's3:*', Condition: condition })).sessionKeys).toEqual(['aws:userid']);
  });
});

describe('SDKs', () => {
  it.each<[string, string | undefined]>([
    ['Boto3/1.26.3 Python/3.9', '1.26.3'],
    ['Boto3/1.34.41', undefined],
    ['aws-sdk-java/1.12.100 Linux', '1.12.100'],
    ['aws-sdk-java/2.21.30', undefined],
    ['aws-sdk-go/1.44.0 (go1.19)', '1.44.0'],
    ['aws-cli/2.9.0', '2.9.0'],
    ['something/1', undefined],
  ])('%s', (userAgent, version) => {
    expect(oldSdk(userAgent)?.version).toBe(version);
  });

  it('goes by the last exchange of a service account', () => {
    const event = (userAgent: unknown, userName = 'system:serviceaccount:shop:api') => ({
      eventId: '',
      eventName: '',
      eventTime: 0,
      event: { userAgent, userIdentity: { userName } },
    });
    expect(oldSdks([event('Boto3/1.20.0'), event('x', 'someone'), event(1)])).toMatchObject([{ namespace: 'shop', serviceAccount: 'api' }]);
    expect(oldSdks([event('Boto3/1.40.0'), event('Boto3/1.20.0')])).toEqual([]);
  });
});

describe('add-on versions and values', () => {
  it('compares by numbers', () => {
    expect(compareVersions('v1.14.1-eksbuild.1', 'v1.9.0-eksbuild.1')).toBeGreaterThan(0);
    expect(compareVersions('v1.9.0', 'v1.9.0-eksbuild.1')).toBeLessThan(0);
    expect(compareVersions('v2', 'v2')).toBe(0);
  });
  it.each([
    ['{"a":1}', true],
    ['a: 1', true],
    ['{a', false],
    ['[]', false],
    ['text', false],
    ['a: [', false],
  ])('%s', (text, readable) => {
    expect(isConfiguration(text)).toBe(readable);
  });
});
