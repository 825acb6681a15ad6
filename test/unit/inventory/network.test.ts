import { describe, expect, it } from 'vitest';
import { isConfiguration } from '../../../src/inventory/addons.ts';
import { cutOffBy, egressPolicies, type Policies, proxiedContainers, takesPort80 } from '../../../src/inventory/network.ts';
import { compareVersions } from '../../../src/model/versions.ts';

const policy = (spec: object, kind = 'NetworkPolicy') => ({
  apiVersion: 'networking.k8s.io/v1',
  kind,
  metadata: { name: 'p', namespace: 'shop' },
  spec,
});
const NONE: Policies = { network: [], cilium: [], ciliumClusterwide: [], family: 'ipv4', byCilium: false };
const cut = (spec: object, more: Partial<Policies> = {}) =>
  cutOffBy(egressPolicies({ ...NONE, network: [policy({ podSelector: {}, policyTypes: ['Egress'], ...spec })], ...more }), 'shop', {
    app: 'api',
  });
const ciliumPolicy = (spec: object) => policy({ endpointSelector: { matchLabels: { 'k8s:app': 'api' } }, ...spec }, 'CiliumNetworkPolicy');
const ofCilium = (...specs: object[]) => cutOffBy(egressPolicies({ ...NONE, cilium: specs.map(ciliumPolicy) }), 'shop', { app: 'api' });
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
    expect(cut(to('fd00:ec2::23/128'), { family: 'ipv6' })).toEqual([]);
    expect(cut(to('::/0'), { family: 'ipv6' })).toEqual([]);
    expect(cut(to('169.254.170.23/32'), { family: 'ipv6' })).toEqual(['NetworkPolicy/shop/p']);
    expect(cut(to('fd00:ec2::23/128'))).toEqual(['NetworkPolicy/shop/p']);
    expect(cut(to('not a network'))).toEqual(['NetworkPolicy/shop/p']);
    expect(cut(to('169.254.170.23/99'))).toEqual(['NetworkPolicy/shop/p']);
  });

  it('name no address where Cilium enforces them: it is the host there', () => {
    const byCilium = { byCilium: true };
    expect(cut({ egress: [{ to: [agent] }] }, byCilium)).toEqual(['NetworkPolicy/shop/p']);
    expect(cut({ egress: [{ ports: [{ port: 80 }] }] }, byCilium)).toEqual([]);
    const more = { ...byCilium, cilium: [ciliumPolicy({ egress: [{ toEntities: ['host'] }] })] };
    expect(cut({ egress: [{ to: [agent] }] }, more)).toEqual([]);
  });

  const host = { toEntities: ['host'] };
  const ports = (port: string, more: object = {}) => ({ toPorts: [{ ports: [{ port, ...more }] }] });
  it.each<[string, object, boolean]>([
    ['the host on port 80', { egress: [{ ...host, ...ports('80') }] }, false],
    ['the host on a range of ports', { egress: [{ ...host, ...ports('1', { endPort: 1024, protocol: 'TCP' }) }] }, false],
    ['the host on any port', { egress: [{ ...host, ...ports('0') }] }, false],
    ['the host on another port', { egress: [{ ...host, ...ports('443') }] }, true],
    ['the host on port 80 of UDP', { egress: [{ ...host, ...ports('80', { protocol: 'UDP' }) }] }, true],
    ['everybody', { egress: [{ toEntities: ['all'] }] }, false],
    ['port 80 of everybody', { egress: [ports('80')] }, false],
    ['the world', { egress: [{ toEntities: ['world'] }] }, true],
    ['the address, which is the host', { egress: [{ toCIDR: ['169.254.170.23/32'] }] }, true],
    ['nobody, by an empty rule', { egress: [{}] }, true],
    ['nobody, by no rule', { egress: [] }, true],
    ['others, without closing all else', { egress: [{ toEntities: ['world'] }], enableDefaultDeny: { egress: false } }, false],
    ['the host but for port 80', { egress: [host], egressDeny: [{ ...host, ...ports('80') }] }, true],
    ['all but the world', { egress: [{ toEntities: ['all'] }], egressDeny: [{ toEntities: ['world'] }] }, false],
    ['nothing of egress', { ingress: [{}] }, false],
    ['other pods', { endpointSelector: { matchLabels: { app: 'web' } }, egress: [] }, false],
    ['nobody, by label in a list', { endpointSelector: { matchExpressions: [{ key: 'any:app', operator: 'Exists' }] }, egress: [] }, true],
  ])('of Cilium that allow %s', (_, spec, isCut) => {
    expect(ofCilium(spec)).toEqual(isCut ? ['CiliumNetworkPolicy/shop/p'] : []);
  });

  it('of Cilium add up, but what one denies no other allows', () => {
    expect(ofCilium({ egress: [] }, { egress: [host] })).toEqual([]);
    expect(ofCilium({ egress: [host] }, { egressDeny: [host], enableDefaultDeny: { egress: false } })).toEqual([
      'CiliumNetworkPolicy/shop/p',
    ]);
  });

  it('of Cilium for the whole cluster count in every namespace, and each part of one with several', () => {
    const wide = {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumClusterwideNetworkPolicy',
      metadata: { name: 'p' },
      specs: [{ ingress: [] }, { egress: [] }],
    };
    const found = egressPolicies({ ...NONE, ciliumClusterwide: [wide] });
    expect(cutOffBy(found, 'anywhere', {})).toEqual(['CiliumClusterwideNetworkPolicy/p']);
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
