import { describe, expect, it } from 'vitest';
import { createTestCluster, node, serviceAccount, workload } from '../fixtures/twin-kubernetes-cluster.ts';

const ROLE = 'arn:aws:iam::111122223333:role/shop';
const URI = 'AWS_CONTAINER_CREDENTIALS_FULL_URI';
const TOKEN = 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE';

interface Case {
  readonly annotations?: Record<string, string>;
  readonly associated?: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: parts of manifests
  readonly spec?: Record<string, any>;
  readonly metadata?: object;
  readonly region?: string | undefined;
}

/** The pod as a dry run shows it. */
function admitted({ annotations = {}, associated = false, spec = {}, metadata = {}, region = 'eu-west-1' }: Case) {
  const cluster = createTestCluster([serviceAccount('app', annotations)], { region, aws: { webhookSeesAssociation: () => associated } });
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'pod', ...metadata },
    spec: { serviceAccountName: 'app', containers: [{ name: 'main', image: 'a:1' }], ...spec },
  };
  const answer = cluster.request('POST', '/api/v1/namespaces/shop/pods?dryRun=All', pod);
  expect(answer.status).toBe(201);
  const container = (name: string) =>
    [...answer.body.spec.containers, ...(answer.body.spec.initContainers ?? [])].find((entry: { name: string }) => entry.name === name);
  const env = (name = 'main'): Record<string, string> =>
    Object.fromEntries((container(name).env ?? []).map((entry: { name: string; value: string }) => [entry.name, entry.value]));
  return { pod: answer.body, container, env };
}

const IRSA = { 'eks.amazonaws.com/role-arn': ROLE };

describe('pod identity webhook', () => {
  it('leaves a pod alone whose service account has neither association nor annotation', () => {
    const { pod, env } = admitted({});
    expect(env()).toEqual({});
    expect(pod.spec.volumes).toBeUndefined();
    expect(pod.metadata.labels).toBeUndefined();
  });

  it('injects IRSA for an annotated service account', () => {
    const { pod, env, container } = admitted({ annotations: IRSA });
    expect(env()).toEqual({
      AWS_STS_REGIONAL_ENDPOINTS: 'regional',
      AWS_DEFAULT_REGION: 'eu-west-1',
      AWS_REGION: 'eu-west-1',
      AWS_ROLE_ARN: ROLE,
      AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
    });
    expect(container('main').volumeMounts).toEqual([
      { name: 'aws-iam-token', readOnly: true, mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount' },
    ]);
    expect(pod.spec.volumes).toEqual([
      {
        name: 'aws-iam-token',
        projected: {
          defaultMode: 420,
          sources: [{ serviceAccountToken: { audience: 'sts.amazonaws.com', expirationSeconds: 86_400, path: 'token' } }],
        },
      },
    ]);
    expect(pod.metadata.labels).toBeUndefined();
  });

  it('prefers container credentials to IRSA, never both', () => {
    const { pod, env } = admitted({ annotations: IRSA, associated: true });
    expect(env()).toEqual({
      AWS_STS_REGIONAL_ENDPOINTS: 'regional',
      AWS_DEFAULT_REGION: 'eu-west-1',
      AWS_REGION: 'eu-west-1',
      [URI]: 'http://169.254.170.23/v1/credentials',
      [TOKEN]: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token',
    });
    const [volume] = pod.spec.volumes;
    expect(volume.name).toBe('eks-pod-identity-token');
    const { audience, expirationSeconds } = volume.projected.sources[0].serviceAccountToken;
    expect(audience).toBe('pods.eks.amazonaws.com');
    expect(expirationSeconds).toBeGreaterThanOrEqual(79_200);
    expect(expirationSeconds).toBeLessThanOrEqual(86_400);
    expect(pod.metadata.labels).toEqual({ 'eks.amazonaws.com/pod-identity': 'enabled' });
  });

  it.each([
    ['one key of the pair in env keeps both out, but the mount stays', [{ name: TOKEN, value: 'x' }], [TOKEN]],
    ['hand-set IRSA stays next to the container variables', [{ name: 'AWS_ROLE_ARN', value: 'x' }], ['AWS_ROLE_ARN', URI, TOKEN]],
    ['one region variable keeps both out', [{ name: 'AWS_REGION', value: 'x' }], ['AWS_REGION', URI, TOKEN]],
  ])('under Pod Identity %s', (_title, env, expected) => {
    const { env: given, container } = admitted({ associated: true, spec: { containers: [{ name: 'main', image: 'a:1', env }] } });
    const names = Object.keys(given()).filter(
      (name) => !['AWS_DEFAULT_REGION', 'AWS_STS_REGIONAL_ENDPOINTS'].includes(name) && (name !== 'AWS_REGION' || expected.includes(name)),
    );
    expect(names).toEqual(expected);
    expect('AWS_DEFAULT_REGION' in given()).toBe(!expected.includes('AWS_REGION'));
    expect(container('main').volumeMounts).toHaveLength(1);
  });

  it('sees only env: variables by envFrom do not keep its own out', () => {
    const { env } = admitted({
      annotations: IRSA,
      spec: { containers: [{ name: 'main', image: 'a:1', envFrom: [{ configMapRef: { name: 'aws' } }] }] },
    });
    expect(env().AWS_ROLE_ARN).toBe(ROLE);
  });

  it('injects init containers, and leaves skipped containers and ephemeral ones alone', () => {
    const { env, container, pod } = admitted({
      associated: true,
      metadata: { annotations: { 'eks.amazonaws.com/skip-containers': 'proxy,setup' } },
      spec: {
        initContainers: [
          { name: 'setup', image: 'a:1' },
          { name: 'migrate', image: 'a:1', restartPolicy: 'Always' },
        ],
        containers: [
          { name: 'main', image: 'a:1' },
          { name: 'proxy', image: 'a:1' },
        ],
        ephemeralContainers: [{ name: 'debug', image: 'a:1' }],
      },
    });
    expect([env('main')[URI], env('migrate')[URI]]).toEqual([
      'http://169.254.170.23/v1/credentials',
      'http://169.254.170.23/v1/credentials',
    ]);
    expect([env('proxy'), env('setup')]).toEqual([{}, {}]);
    expect(container('proxy').volumeMounts).toBeUndefined();
    expect(container('migrate').restartPolicy).toBe('Always');
    expect(pod.spec.ephemeralContainers).toEqual([{ name: 'debug', image: 'a:1' }]);
  });

  it('leaves a pod with the skip label alone, whatever its value', () => {
    const { env } = admitted({ associated: true, metadata: { labels: { 'eks.amazonaws.com/skip-pod-identity-webhook': 'false' } } });
    expect(env()).toEqual({});
  });

  it.each([
    ['pod before service account', { pod: '3600', account: '7200' }, 3600],
    ['service account before the default', { account: '7200' }, 7200],
    ['too little is raised to 600', { pod: '10' }, 600],
    ['nonsense counts as not set', { pod: 'soon', account: '7200' }, 7200],
  ])('takes the token lifetime of: %s', (_title, { pod: onPod, account }: { pod?: string; account?: string }, expected) => {
    const key = 'eks.amazonaws.com/token-expiration';
    const metadata = onPod === undefined ? {} : { annotations: { [key]: onPod } };
    for (const associated of [false, true]) {
      const { pod } = admitted({ annotations: { ...IRSA, ...(account === undefined ? {} : { [key]: account }) }, associated, metadata });
      expect(pod.spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds).toBe(expected);
    }
  });

  it('honours the audience under IRSA alone, and regional endpoints in both modes', () => {
    const annotations = { ...IRSA, 'eks.amazonaws.com/audience': 'custom', 'eks.amazonaws.com/sts-regional-endpoints': 'true' };
    expect(admitted({ annotations: { ...annotations, 'eks.amazonaws.com/sts-regional-endpoints': 'false' } }).env()).not.toHaveProperty(
      'AWS_STS_REGIONAL_ENDPOINTS',
    );
    const web = admitted({ annotations });
    const pod = admitted({ annotations, associated: true });
    expect(web.pod.spec.volumes[0].projected.sources[0].serviceAccountToken.audience).toBe('custom');
    expect(pod.pod.spec.volumes[0].projected.sources[0].serviceAccountToken.audience).toBe('pods.eks.amazonaws.com');
    expect([web.env().AWS_STS_REGIONAL_ENDPOINTS, pod.env().AWS_STS_REGIONAL_ENDPOINTS]).toEqual(['regional', 'regional']);
  });

  it('injects no region without one', () => {
    const cluster = createTestCluster([serviceAccount('app', IRSA)], { region: undefined });
    const pod = { metadata: { name: 'pod' }, spec: { serviceAccountName: 'app', containers: [{ name: 'main', image: 'a:1' }] } };
    const { body } = cluster.request('POST', '/api/v1/namespaces/shop/pods?dryRun=All', pod);
    expect(body.spec.containers[0].env.map((entry: { name: string }) => entry.name)).toEqual([
      'AWS_STS_REGIONAL_ENDPOINTS',
      'AWS_ROLE_ARN',
      'AWS_WEB_IDENTITY_TOKEN_FILE',
    ]);
  });

  it('rewrites the token path for Windows, which it knows by the node selector alone', () => {
    const { env } = admitted({ annotations: IRSA, spec: { nodeSelector: { 'kubernetes.io/os': 'windows' } } });
    expect(env().AWS_WEB_IDENTITY_TOKEN_FILE).toBe('C:\\var\\run\\secrets\\eks.amazonaws.com\\serviceaccount\\token');
    expect(admitted({ annotations: IRSA, spec: { os: { name: 'windows' } } }).env().AWS_WEB_IDENTITY_TOKEN_FILE).toMatch(/^\/var/);
  });

  it('adds no mount where the pair, a region and the regional endpoint are set by hand, and the volume all the same', () => {
    const env = [TOKEN, 'AWS_REGION', 'AWS_STS_REGIONAL_ENDPOINTS'].map((name) => ({ name, value: 'x' }));
    const { pod, container } = admitted({ associated: true, spec: { containers: [{ name: 'main', image: 'a:1', env }] } });
    expect(container('main')).toMatchObject({ env });
    expect(container('main').volumeMounts).toBeUndefined();
    expect(pod.spec.volumes).toHaveLength(1);
  });

  it.each(['volumes', 'mounts'])('takes %s of the token volume name for its own, whatever they are', (what) => {
    const volumes = [{ name: 'eks-pod-identity-token', emptyDir: {} }];
    const volumeMounts = [{ name: 'eks-pod-identity-token', mountPath: '/elsewhere' }];
    const { pod, container, env } = admitted({
      associated: true,
      spec: {
        containers: [{ name: 'main', image: 'a:1', ...(what === 'mounts' ? { volumeMounts } : {}) }],
        ...(what === 'volumes' ? { volumes } : {}),
      },
    });
    expect(Object.keys(env())).toEqual(expect.arrayContaining([URI, TOKEN]));
    if (what === 'mounts') expect(container('main').volumeMounts).toEqual(volumeMounts);
    else expect(pod.spec.volumes).toEqual(volumes);
  });

  it.each(['env', 'volumeMounts', 'command'])('takes %s: null of a container for absent', (member) => {
    const { env, container } = admitted({ associated: true, spec: { containers: [{ name: 'main', image: 'a:1', [member]: null }] } });
    expect(env()[URI]).toBeDefined();
    expect(container('main').volumeMounts).toHaveLength(1);
  });

  it('asks the API server instance of the connection, and each in turn for pods of controllers', async () => {
    const asked: number[] = [];
    const cluster = createTestCluster(
      [node('n1'), serviceAccount('app'), workload('Deployment', 'web', { replicas: 4 }, { serviceAccountName: 'app' })],
      {
        aws: {
          webhookSeesAssociation: (_namespace, _name, instance) => {
            asked.push(instance);
            return instance === 0;
          },
        },
      },
    );
    expect(new Set(asked)).toEqual(new Set([0, 1]));
    const pod = { metadata: { generateName: 'probe-' }, spec: { serviceAccountName: 'app', containers: [{ name: 'main', image: 'a:1' }] } };
    const seen = [0, 1, 2, 3].map((connection) => {
      const { body } = cluster.request('POST', '/api/v1/namespaces/shop/pods?dryRun=All', pod, { connection });
      return body.metadata.labels?.['eks.amazonaws.com/pod-identity'];
    });
    expect(seen).toEqual(['enabled', undefined, 'enabled', undefined]);
  });
});
