import { describe, expect, it } from 'vitest';
import { redactConfiguration, redactTrailEvent } from '../../../src/capture/redaction/aws.ts';
import { createRedaction } from '../../../src/capture/redaction/redact.ts';
import { tokensBy } from '../../../src/capture/redaction/replacement.ts';
import { podJudgement } from '../../../src/inventory/judgements.ts';
import { configMapOverrides, findOverrides } from '../../../src/inventory/overrides.ts';
import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';

const PREFIX = 'eks.amazonaws.com';
const SECRET = 'S3cr3t-hunter2';
const key = new Uint8Array(32).fill(1);
const token = tokensBy(key);
const redaction = () => createRedaction(token, PREFIX);

// biome-ignore lint/suspicious/noExplicitAny: specs as the API gives them
const deployment = (spec: any, more: Partial<KubernetesObject['metadata']> = {}): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'cart', namespace: 'shop', ...more },
  spec: { template: { metadata: {}, spec } },
});
const container = (more: object) => ({ containers: [{ name: 'app', image: 'app:1', ...more }] });
const configMap = (data: Record<string, string>, name = 'settings', namespace = 'shop'): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
});

describe('a redacted workload', () => {
  it.each([
    ['a variable', { env: [{ name: 'PASSWORD', value: SECRET }] }],
    ['a variable of AWS that is a key', { env: [{ name: 'AWS_SECRET_ACCESS_KEY', value: SECRET }] }],
    ['a proxy with a password', { env: [{ name: 'HTTP_PROXY', value: `http://me:${SECRET}@proxy:8080` }] }],
    ['an argument', { args: [`--password=${SECRET}`] }],
    ['an argument behind its flag', { args: ['--password', SECRET] }],
    ['an argument for a shell', { command: ['sh', '-c', `export TOKEN=${SECRET}; exec app`] }],
    ['an argument beside the web-identity provider', { args: [`--provider=web-identity --password=${SECRET}`] }],
    ['a command of a probe', { livenessProbe: { exec: { command: ['psql', `--password=${SECRET}`] } } }],
    ['a header of a probe', { readinessProbe: { httpGet: { httpHeaders: [{ name: 'Authorization', value: SECRET }] } } }],
    ['a hook', { lifecycle: { preStop: { exec: { command: ['curl', '-u', SECRET] } } } }],
  ])('has not %s', (_name, more) => {
    const given = deployment(container(more));
    const redacted = redaction().object(given);
    expect(JSON.stringify(given)).toContain(SECRET);
    expect(JSON.stringify(redacted)).not.toContain(SECRET);
    expect(podJudgement(redacted, PREFIX)).toEqual(podJudgement(given, PREFIX));
  });

  it('has none in the annotation of what was applied, nor in one that no one can read', () => {
    const applied = JSON.stringify(deployment(container({ env: [{ name: 'PASSWORD', value: SECRET }] })));
    const redacted = redaction().object(
      deployment(container({}), {
        annotations: {
          'kubectl.kubernetes.io/last-applied-configuration': applied,
          'objectset.rio.cattle.io/applied': SECRET,
          'meta.helm.sh/release-name': 'cart',
        },
      }),
    );
    expect(JSON.stringify(redacted)).not.toContain(SECRET);
    expect(redacted.metadata.annotations?.['meta.helm.sh/release-name']).toBe('cart');
    const inner = JSON.parse(redacted.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration'] ?? '');
    expect(inner.spec.template.spec.containers[0].env[0].value).toBe(token(SECRET));
  });

  it('keeps equal values equal, tells others apart, and says neither by another key', () => {
    const values = [SECRET, SECRET, 'other'].map((value, index) => ({ name: `V${index}`, value }));
    const redacted = redaction().object(deployment(container({ env: values })));
    const [one, two, three] = redacted.spec.template.spec.containers[0].env.map(({ value }: { value: string }) => value);
    expect(one).toBe(two);
    expect(three).not.toBe(one);
    expect(tokensBy(new Uint8Array(32).fill(2))(SECRET)).not.toBe(one);
  });

  it('keeps by which way credentials come, and whom a proxy leaves out', () => {
    const env = [
      { name: 'AWS_ROLE_ARN', value: 'arn:aws:iam::111122223333:role/cart' },
      { name: 'HTTP_PROXY', value: 'http://proxy:8080' },
      { name: 'NO_PROXY', value: 'internal.example,169.254.170.23' },
      { name: 'CHAIN', value: 'com.example.WebIdentityTokenFileCredentialsProvider' },
    ];
    const given = deployment(container({ env }));
    const redacted = redaction().object(given);
    expect(redacted.spec.template.spec.containers[0].env[0]).toEqual(env[0]);
    expect(JSON.stringify(redacted)).not.toContain('internal.example');
    expect(podJudgement(redacted, PREFIX)).toEqual(podJudgement(given, PREFIX));
    expect(findOverrides(redacted.spec.template.spec, {}, { prefix: PREFIX, live: false }).overrides).toEqual([
      { kind: 'env', container: 'app', name: 'AWS_ROLE_ARN' },
      { kind: 'web-identity', container: 'app', name: 'variable CHAIN' },
    ]);
  });

  it('keeps the flags of a daemon that are read, and no others', () => {
    const args = ['--base-role-arn=arn:aws:iam::111122223333:role/', '--iptables=true', '--host-interface=eni+', `--api-token=${SECRET}`];
    const given = deployment({ containers: [{ name: 'kube2iam', image: 'jtblin/kube2iam:0.11.1', args }] });
    for (const kind of ['DaemonSet', 'ReplicaSet']) {
      const redacted = redaction().object({ ...given, kind });
      expect(redacted.spec.template.spec.containers[0].args).toEqual([...args.slice(0, 3), `--api-token=${token(SECRET)}`]);
    }
  });
});

describe('a redacted ConfigMap', () => {
  const uses = (['environment', 'value', 'files'] as const).map((as) => ({
    container: 'app',
    configMap: 'settings',
    as,
    prefix: '',
    key: null,
  }));
  it.each([
    ['a password', { password: SECRET }],
    ['a file that names the web-identity provider', { 'app.properties': `provider=web-identity\npassword=${SECRET}` }],
    ['a file that names it in a comment', { 'app.yaml': `# web-identity\npassword: ${SECRET}` }],
    ['a program whose comment names it', { 'app.ts': `// web-identity\nexport const password = '${SECRET}';` }],
    ['a page that names it', { 'README.md': `web-identity, ${SECRET}` }],
    ['a template that names it in a comment', { 'a.xml': `<a><!-- web-identity --><b>${SECRET}</b></a>` }],
    ['a variable', { AWS_SECRET_ACCESS_KEY: SECRET, AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/cart' }],
  ])('has not %s, and is judged alike', (_name, data) => {
    const given = configMap(data as Record<string, string>);
    const redacted = redaction().object(given);
    expect(JSON.stringify(redacted)).not.toContain(SECRET);
    for (const use of uses) expect(configMapOverrides(use, redacted)).toEqual(configMapOverrides(use, given));
  });

  it('has no binary data, but its keys', () => {
    const redacted = redaction().object({ ...configMap({}), binaryData: { store: Buffer.from(SECRET).toString('base64') } });
    expect(Object.keys(redacted.binaryData)).toEqual(['store']);
    expect(Buffer.from(redacted.binaryData.store, 'base64').toString()).toMatch(/^redacted-[0-9a-f]{16}$/);
  });

  it('keeps who may join the cluster, and what a mesh lets through', () => {
    const rows = '- rolearn: arn:aws:iam::111122223333:role/node\n  username: system:node:{{EC2PrivateDNSName}}\n';
    expect(redaction().object(configMap({ mapRoles: rows, mapUsers: SECRET }, 'aws-auth', 'kube-system')).data).toEqual({
      mapRoles: rows,
      mapUsers: token(SECRET),
    });
    const mesh = `rootNamespace: ${SECRET}\noutboundTrafficPolicy:\n  mode: REGISTRY_ONLY\n`;
    const { data } = redaction().object(configMap({ mesh }, 'istio', 'istio-system'));
    expect(data.mesh).toMatch(/^outboundTrafficPolicy: \{mode: REGISTRY_ONLY\} # redacted-/);
  });

  it('keeps what a daemon is set by', () => {
    const redact = redaction();
    const env = [{ name: 'BASE', valueFrom: { configMapKeyRef: { name: 'settings', key: 'base' } } }];
    redact.object(
      deployment({ containers: [{ name: 'kube2iam', image: 'jtblin/kube2iam:0.11.1', args: ['--base-role-arn=$(BASE)'], env }] }),
    );
    const base = 'arn:aws:iam::111122223333:role/';
    expect(redact.object(configMap({ base, other: SECRET })).data).toEqual({ base, other: token(SECRET) });
  });
});

describe('a redacted custom resource', () => {
  const custom = (group: string, kind: string, spec: unknown): KubernetesObject => ({
    apiVersion: `${group}/v1`,
    kind,
    metadata: { name: 'one', namespace: 'shop' },
    spec,
  });

  it('names its service account, and has no other text', () => {
    const redacted = redaction().object(
      custom('helm.toolkit.fluxcd.io', 'HelmRelease', {
        interval: '5m',
        values: { serviceAccount: { name: 'cart' }, password: SECRET, users: ['system:serviceaccount:shop:mail', SECRET] },
      }),
    );
    expect(JSON.stringify(redacted)).not.toContain(SECRET);
    expect(redacted.spec.values.serviceAccount.name).toBe('cart');
    expect(redacted.spec.values.users[0]).toContain('system:serviceaccount:shop:mail');
  });

  it('says whose identity KEDA takes', () => {
    const spec = { podIdentity: { provider: 'aws', identityOwner: 'workload' }, secret: SECRET };
    expect(redaction().object(custom('keda.sh', 'TriggerAuthentication', spec)).spec).toEqual({ ...spec, secret: token(SECRET) });
  });

  it('is a policy as it stands', () => {
    const spec = { endpointSelector: {}, egress: [{ toEntities: ['host'] }] };
    expect(redaction().object(custom('cilium.io', 'CiliumNetworkPolicy', spec)).spec).toEqual(spec);
  });
});

describe('redacted answers of AWS', () => {
  it('have the service accounts of configuration values, and no other text', () => {
    const values = redactConfiguration(
      JSON.stringify({ controller: { serviceAccount: { name: 'efs' }, token: SECRET, replicas: 2 } }),
      token,
    );
    expect(JSON.parse(values)).toEqual({ controller: { serviceAccount: { name: 'efs' }, token: token(SECRET), replicas: 2 } });
    expect(redactConfiguration(`{ ${SECRET}`, token)).toBe(token(`{ ${SECRET}`));
  });

  it('have no session token', () => {
    const event = {
      eventName: 'AssumeRoleWithWebIdentity',
      userAgent: 'Boto3/1',
      responseElements: { credentials: { sessionToken: SECRET } },
    };
    const redacted = JSON.parse(redactTrailEvent(JSON.stringify(event), token));
    expect(redacted).toEqual({ ...event, responseElements: { credentials: { sessionToken: token(SECRET) } } });
  });
});
