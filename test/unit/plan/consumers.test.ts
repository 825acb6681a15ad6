import { describe, expect, it } from 'vitest';
import { FINDINGS, type FindingCode } from '../../../src/model/findings.ts';
import type { IndirectUserFact, Inventory, MeshName } from '../../../src/model/inventory.ts';
import {
  addon,
  api,
  inventory,
  irsaStatement,
  PREFIX,
  planOf,
  role,
  roleArn,
  serviceAccount,
  subjectOf,
  trust,
  unitOf,
  workload,
} from '../fixtures/plan-inventories.ts';

const named = (needs: IndirectUserFact['needs'], changes: Partial<IndirectUserFact> = {}): Partial<Inventory> => ({
  indirectUsers: [
    { subject: 'Thing/shop/t', namespace: 'shop', serviceAccount: 'api', ...(needs === undefined ? {} : { needs }), ...changes },
  ],
});
const KEY = `${PREFIX}/role-arn`;
const messagesOf = (facts: Partial<Inventory>, code: FindingCode) =>
  planOf(inventory(facts))
    .findings.filter((found) => found.code === code)
    .map(({ message }) => message);

describe('a custom resource that names a service account', () => {
  it.each<[string, Partial<Inventory>, FindingCode[], boolean]>([
    ['exchanges its token', named('token'), ['PS505'], true],
    ['exchanges its token, as an older inventory has it', named(undefined), ['PS505'], true],
    ['reads its annotation', named('annotation'), ['PS511'], false],
    ['starts pods', named('pods', { at: 'spec.x' }), ['PS512'], false],
    ['only names it', named('nothing'), ['PS512'], false],
    ['is of an unknown kind', named('unknown'), ['PS513'], false],
    ['starts pods that name the web-identity provider', named('pods', { webIdentity: 'spec.conf' }), ['PS510'], true],
    ['is of an unknown kind and names the web-identity provider', named('unknown', { webIdentity: 'spec.conf' }), ['PS510'], true],
    ['is of another namespace', named('token', { namespace: 'other' }), [], false],
  ])('and %s', (_, facts, codes, held) => {
    const unit = unitOf(planOf(inventory(facts)));
    expect(unit.findings).toEqual(codes);
    expect(unit.decision).toBe(held ? 'hold' : 'migrate');
  });

  it.each<[IndirectUserFact['needs'], boolean]>([
    ['annotation', true],
    ['unknown', true],
    ['pods', false],
    ['nothing', false],
  ])('for %s keeps annotation and old trust: %s', (needs, keeps) => {
    const unit = unitOf(planOf(inventory(named(needs))));
    expect(unit.removeAnnotations).toEqual(keeps ? [] : [KEY]);
    expect(unit.consumers).toEqual(keeps ? ['Thing/shop/t'] : undefined);
  });

  it('and controls its workload names it for the pods of that', () => {
    const controlledBy = { apiVersion: 'example.com/v1', kind: 'Thing', name: 't' };
    const facts = { ...named('unknown'), workloads: [workload('shop/api', { kind: 'Thing', controlledBy })] };
    expect(unitOf(planOf(inventory(facts))).findings).toContain('PS512');
  });

  it('keeps anybody from being told to remove the service account, or its annotation', () => {
    const remedyOf = (facts: Partial<Inventory>, code: FindingCode) =>
      planOf(inventory(facts)).findings.find((one) => one.code === code)?.remedy;
    expect(remedyOf({ workloads: [] }, 'PS323')).toBe(FINDINGS.PS323.remedy);
    const customResources = { unread: ['things.example.com'], webIdentity: [] };
    expect(remedyOf({ customResources, workloads: [] }, 'PS323')).toContain(
      'Keep the service account: things.example.com could not be listed',
    );
    expect(remedyOf({ ...named('pods'), workloads: [] }, 'PS323')).toMatch(/Keep the service account: Thing\/shop\/t names it/);
    const many = ['a', 'b', 'c', 'd'].map((name) => ({
      subject: `Thing/shop/${name}`,
      namespace: '*',
      serviceAccount: 'api',
      needs: 'pods' as const,
    }));
    expect(remedyOf({ indirectUsers: many, workloads: [] }, 'PS323')).toMatch(
      /Thing\/shop\/a, Thing\/shop\/b, Thing\/shop\/c and 1 more name it/,
    );
    const owned = { serviceAccounts: api({ owners: [{ kind: 'helm', name: 'api' }] }) };
    expect(remedyOf(owned, 'PS501')).toMatch(/remove .*role-arn/);
    expect(remedyOf({ ...owned, ...named('annotation') }, 'PS501')).toMatch(/^Keep it at its source too/);
  });

  it('and needs the annotation of an add-on holds it', () => {
    const facts = {
      serviceAccounts: [serviceAccount('kube-system/aws-node', 'cni', { addon: 'vpc-cni' })],
      addons: [addon('vpc-cni')],
      roles: [role('cni', ['kube-system/aws-node'])],
      workloads: [],
      ...named('annotation', { namespace: 'kube-system', serviceAccount: 'aws-node' }),
    };
    expect(unitOf(planOf(inventory(facts)), 'kube-system/aws-node').findings).toContain('PS516');
    expect(unitOf(planOf(inventory({ ...facts, ...named('pods') })), 'kube-system/aws-node').findings).not.toContain('PS516');
  });

  it('is told of the cluster where it names nobody, or could not be listed', () => {
    const customResources = { unread: ['things.example.com'], webIdentity: [{ subject: 'ProviderConfig/aws', at: 'spec.source' }] };
    expect(messagesOf({ customResources }, 'PS517')).toEqual([
      'ProviderConfig/aws names the web-identity provider in spec.source, and no service account',
    ]);
    expect(messagesOf({ customResources }, 'PS518')[0]).toContain('things.example.com');
    expect(messagesOf({ customResources: { unread: [], webIdentity: [] } }, 'PS518')).toEqual([]);
  });
});

describe('another role that admits a service account by its token', () => {
  const second = role('second', ['shop/api', 'shop/worker']);
  const use = { namespace: 'shop', serviceAccount: 'api', roleArn: second.arn };
  const platform = (tokenUses: object[]) => ({ platform: { ...PLATFORM, tokenUses } as NonNullable<Inventory['platform']> });

  it('is named, whether somebody is annotated with it or not', () => {
    for (const facts of [{ roles: [...inventory().roles, second] }, { trusting: [second] }]) {
      const plan = planOf(inventory(facts));
      expect(unitOf(plan)).toMatchObject({ decision: 'migrate', findings: ['PS514'] });
      expect(messagesOf(facts, 'PS514')[0]).toContain(`the trust policy of ${second.arn} admits shop/api`);
    }
  });

  it('holds the service account where CloudTrail shows that its token is used for it', () => {
    const plan = planOf(
      inventory({ trusting: [second], ...platform([use, { ...use, roleArn: roleArn('api') }, { ...use, serviceAccount: 'x' }]) }),
    );
    expect(unitOf(plan)).toMatchObject({ decision: 'hold', findings: ['PS515'] });
    expect(unitOf(planOf(inventory(platform([use])))).findings).toEqual(['PS515']);
  });

  it('is named where its trust policy does not show whom it admits', () => {
    const conditional = trust({ ...irsaStatement(subjectOf('shop/api')), Condition: { StringSomething: { a: subjectOf('shop/api') } } });
    const unreadable = `{"a":"${subjectOf('shop/api')}", "oidc.eks": `;
    const issuer = inventory().cluster.oidcIssuer?.replace('https://', '');
    for (const trustPolicy of [conditional, `${unreadable}"${issuer}"`]) {
      expect(messagesOf({ trusting: [{ arn: second.arn, trustPolicy }] }, 'PS514')[0]).toContain('names shop/api');
    }
  });

  it.each<[string, Partial<Inventory>]>([
    ['admits others alone', { trusting: [role('second', ['shop/worker'])] }],
    ['trusts another issuer', { trusting: [{ arn: second.arn, trustPolicy: second.trustPolicy.replaceAll('0123456789ABCDEF', 'F') }] }],
    ['takes another audience', { trusting: [{ arn: second.arn, trustPolicy: second.trustPolicy.replaceAll('sts.amazonaws.com', 'x') }] }],
    ['is its own', {}],
  ])('is no matter where it %s', (_, facts) => {
    expect(unitOf(planOf(inventory(facts))).findings).toEqual([]);
  });

  it('is no matter where the cluster has no issuer, or the service account no annotation', () => {
    const withoutIssuer = { cluster: { ...inventory().cluster, oidcIssuer: null }, trusting: [second] };
    const bare = { serviceAccounts: api({ annotations: {} }), trusting: [second], ...platform([use]) };
    for (const facts of [withoutIssuer, bare]) {
      expect(planOf(inventory(facts)).findings.map(({ code }) => code)).not.toContain('PS514');
      expect(planOf(inventory(facts)).findings.map(({ code }) => code)).not.toContain('PS515');
    }
  });

  it('is told once where it admits by a pattern, with whom of the service accounts that have another role', () => {
    const pattern = (...subjects: string[]) => ({ arn: roleArn('wide'), trustPolicy: trust(irsaStatement(subjects, 'StringLike')) });
    const two = {
      serviceAccounts: [
        ...api(),
        serviceAccount('shop/b', 'api'),
        serviceAccount('shop/c', 'wide'),
        serviceAccount('shop/d', 'x', { annotations: {} }),
      ],
    };
    const shop = 'system:serviceaccount:shop:*';
    expect(messagesOf({ trusting: [pattern(shop)] }, 'PS519')).toEqual([
      `the trust policy of ${roleArn('wide')} admits shop/api by a pattern`,
    ]);
    expect(messagesOf({ trusting: [pattern(shop)], ...two }, 'PS519')[0]).toContain(
      '2 service accounts with another role, such as shop/api',
    );
    expect(messagesOf({ trusting: [pattern(shop, subjectOf('shop/api'))] }, 'PS519')).toEqual([]);
    expect(messagesOf({ trusting: [pattern('system:serviceaccount:other:*')] }, 'PS519')).toEqual([]);
    const all = { Effect: 'Allow', Principal: { Federated: JSON.parse(second.trustPolicy).Statement[0].Principal.Federated }, Action: '*' };
    expect(messagesOf({ trusting: [{ arn: roleArn('wide'), trustPolicy: trust(all) }] }, 'PS519')).toHaveLength(1);
  });
});

describe('a proxy around the pods', () => {
  const proxied = (changes: Parameters<typeof workload>[1]) => ({ workloads: [workload('shop/api', changes)] });
  const mesh = (name: MeshName, verdict: 'blocks' | 'unknown') => proxied({ meshes: [{ mesh: name, verdict, by: 'Mesh/x' }] });

  it.each<[MeshName, RegExp]>([
    ['Istio', /excludeOutboundIPRanges: 169\.254\.170\.23\/32 .*ServiceEntry for 169\.254\.170\.23/],
    ['Linkerd', /skip-subnets: 169\.254\.170\.23\/32/],
    ['Consul', /exclude-outbound-cidrs/],
    ['Kuma', /exclude-outbound-ips/],
    ['App Mesh', /egressIgnoredIPs/],
  ])('of %s that drops calls to the agent holds them, with what opens it', (name, remedy) => {
    const plan = planOf(inventory(mesh(name, 'blocks')));
    expect(unitOf(plan)).toMatchObject({ decision: 'hold', findings: ['PS340'] });
    expect(plan.findings[0]?.remedy).toMatch(remedy);
    expect(plan.findings[0]?.message).toContain(`the ${name} proxy in the pods of Deployment/shop/api drops calls to 169.254.170.23`);
  });

  it('is told of in IPv6 where the cluster is', () => {
    const facts = { ...mesh('Istio', 'blocks'), cluster: { ...inventory().cluster, ipFamily: 'ipv6' } };
    expect(planOf(inventory(facts)).findings[0]?.remedy).toContain('fd00:ec2::23/128');
  });

  it('that nobody can judge is a warning, and so is an egress gateway', () => {
    const facts = {
      workloads: [workload('shop/api', { meshes: [{ mesh: 'Kuma', verdict: 'unknown', by: 'x' }], egressGateways: ['P/out'] })],
    };
    expect(unitOf(planOf(inventory(facts)))).toMatchObject({ decision: 'migrate', findings: ['PS341', 'PS342'] });
    expect(messagesOf(facts, 'PS342')).toEqual([
      'P/out takes what the pods of Deployment/shop/api send, and does not except 169.254.170.23',
    ]);
  });
});

const PLATFORM = {
  privateEndpoint: false,
  podGroupsCutOff: false,
  port80: [],
  nodeRoles: [],
  associations: 0,
  controllers: [],
  oldSdks: [],
};
