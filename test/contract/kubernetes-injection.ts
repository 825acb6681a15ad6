import { beforeAll, describe, expect } from 'vitest';
import { REGION, type RunningKubernetes } from './kubernetes-backends.ts';
import type { KubernetesSuite } from './kubernetes-suite.ts';

const ROLE = 'arn:aws:iam::111122223333:role/web';
const WEB_FILE = '/var/run/secrets/eks.amazonaws.com/serviceaccount/token';
const POD_FILE = '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token';
/** EKS has the webhook inject STS's regional endpoint without being asked. */
const STS = 'AWS_STS_REGIONAL_ENDPOINTS=regional';
const REGIONS = [STS, `AWS_DEFAULT_REGION=${REGION}`, `AWS_REGION=${REGION}`];
const IRSA = [`AWS_ROLE_ARN=${ROLE}`, `AWS_WEB_IDENTITY_TOKEN_FILE=${WEB_FILE}`];
const CONTAINER = [
  'AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/v1/credentials',
  `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=${POD_FILE}`,
];
const WINDOWS = { nodeSelector: { 'kubernetes.io/os': 'windows' } };

/** One pod, and what must come of it. Everything is of a container `app` unless it says otherwise. */
interface Case {
  /** Annotations of the service account, without `eks.amazonaws.com/`. */
  readonly account?: Readonly<Record<string, string>>;
  readonly associated?: true;
  readonly pod?: { readonly annotations?: Record<string, string>; readonly labels?: Record<string, string>; readonly spec?: object };
  /** Variables of `app`, `NAME=VALUE`; `NAME@` for one that comes from a field. */
  readonly env: readonly string[];
  /** The token volume: its name, audience and lifetime. */
  readonly token?: { readonly volume: string; readonly audience: string; readonly least: number; readonly most: number };
  /** Where the token is mounted; by default under the volume's own folder. */
  readonly others?: Readonly<Record<string, readonly string[]>>;
}

const irsaToken = { volume: 'aws-iam-token', audience: 'sts.amazonaws.com', least: 86_400, most: 86_400 };
const podToken = { volume: 'eks-pod-identity-token', audience: 'pods.eks.amazonaws.com', least: 79_200, most: 86_400 };
const app = (env: object[], more: object = {}) => ({ name: 'app', image: 'registry.example/app:1', env, ...more });
const side = { name: 'side', image: 'registry.example/side:1' };

/** Amazon EKS pod identity webhook, pkg/handler/handler.go, and its README. */
const CASES: Readonly<Record<string, Case>> = {
  'leaves the pod of a plain service account alone': { env: [] },
  'gives IRSA for an annotated service account': { account: { 'role-arn': ROLE }, env: [...REGIONS, ...IRSA], token: irsaToken },
  'takes the audience of the service account for IRSA': {
    account: { 'role-arn': ROLE, audience: 'custom' },
    env: [...REGIONS, ...IRSA],
    token: { ...irsaToken, audience: 'custom' },
  },
  'takes the token lifetime of the service account': {
    account: { 'role-arn': ROLE, 'token-expiration': '7200' },
    env: [...REGIONS, ...IRSA],
    token: { ...irsaToken, least: 7200, most: 7200 },
  },
  'takes the token lifetime of the pod before that of the service account': {
    account: { 'role-arn': ROLE, 'token-expiration': '7200' },
    pod: { annotations: { 'eks.amazonaws.com/token-expiration': '9000' } },
    env: [...REGIONS, ...IRSA],
    token: { ...irsaToken, least: 9000, most: 9000 },
  },
  'raises a token lifetime under ten minutes': {
    account: { 'role-arn': ROLE, 'token-expiration': '60' },
    env: [...REGIONS, ...IRSA],
    token: { ...irsaToken, least: 600, most: 600 },
  },
  'takes the default for a token lifetime that is no number': {
    account: { 'role-arn': ROLE, 'token-expiration': 'soon' },
    env: [...REGIONS, ...IRSA],
    token: irsaToken,
  },
  'asks for the regional endpoint of STS where the service account says so': {
    account: { 'role-arn': ROLE, 'sts-regional-endpoints': 'true' },
    env: [...REGIONS, ...IRSA],
    token: irsaToken,
  },
  'asks for no regional endpoint where the service account says so': {
    account: { 'role-arn': ROLE, 'sts-regional-endpoints': 'F' },
    env: [...REGIONS.slice(1), ...IRSA],
    token: irsaToken,
  },
  'asks for the regional endpoint where what the service account says is no boolean': {
    account: { 'role-arn': ROLE, 'sts-regional-endpoints': 'no' },
    env: [...REGIONS, ...IRSA],
    token: irsaToken,
  },
  'takes a token lifetime with a sign': {
    account: { 'role-arn': ROLE, 'token-expiration': '+7200' },
    env: [...REGIONS, ...IRSA],
    token: { ...irsaToken, least: 7200, most: 7200 },
  },
  'gives container credentials for an association': { associated: true, env: [...REGIONS, ...CONTAINER], token: podToken },
  'gives container credentials, and not IRSA, for both': {
    account: { 'role-arn': ROLE },
    associated: true,
    env: [...REGIONS, ...CONTAINER],
    token: podToken,
  },
  'does not take the audience of the service account for container credentials': {
    account: { 'role-arn': ROLE, audience: 'custom' },
    associated: true,
    env: [...REGIONS, ...CONTAINER],
    token: podToken,
  },
  'takes a token lifetime that was set without jitter': {
    account: { 'token-expiration': '7200' },
    associated: true,
    env: [...REGIONS, ...CONTAINER],
    token: { ...podToken, least: 7200, most: 7200 },
  },
  'asks for the regional endpoint with container credentials as well': {
    account: { 'sts-regional-endpoints': 'true' },
    associated: true,
    env: [...REGIONS, ...CONTAINER],
    token: podToken,
  },
  'adds neither variable of IRSA where one is there, and the token all the same': {
    account: { 'role-arn': ROLE },
    pod: { spec: { containers: [app([{ name: 'AWS_ROLE_ARN', value: 'mine' }])] } },
    env: ['AWS_ROLE_ARN=mine', ...REGIONS],
    token: irsaToken,
  },
  'adds neither container variable where one is there, and the token all the same': {
    associated: true,
    pod: { spec: { containers: [app([{ name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: 'http://127.0.0.1/' }])] } },
    env: ['AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1/', ...REGIONS],
    token: podToken,
  },
  'puts container variables beside hand-set IRSA': {
    associated: true,
    pod: { spec: { containers: [app([{ name: 'AWS_ROLE_ARN', value: 'mine' }])] } },
    env: ['AWS_ROLE_ARN=mine', ...REGIONS, ...CONTAINER],
    token: podToken,
  },
  'adds no region where one of the two is there': {
    associated: true,
    pod: { spec: { containers: [app([{ name: 'AWS_REGION', value: 'us-west-2' }])] } },
    env: [STS, 'AWS_REGION=us-west-2', ...CONTAINER],
    token: podToken,
  },
  'does not see variables that come by envFrom': {
    account: { 'role-arn': ROLE },
    pod: { spec: { containers: [app([], { envFrom: [{ configMapRef: { name: 'settings' } }] })] } },
    env: [...REGIONS, ...IRSA],
    token: irsaToken,
  },
  'gives init containers the same as containers': {
    associated: true,
    pod: { spec: { initContainers: [{ ...side, name: 'init' }], containers: [app([]), side] } },
    env: [...REGIONS, ...CONTAINER],
    token: podToken,
    others: { init: [...REGIONS, ...CONTAINER], side: [...REGIONS, ...CONTAINER] },
  },
  'keeps the restart policy of a sidecar': {
    associated: true,
    pod: { spec: { initContainers: [{ ...side, name: 'proxy', restartPolicy: 'Always' }] } },
    env: [...REGIONS, ...CONTAINER],
    token: podToken,
    others: { proxy: [...REGIONS, ...CONTAINER] },
  },
  'leaves containers alone that the pod names': {
    associated: true,
    pod: {
      annotations: { 'eks.amazonaws.com/skip-containers': 'init,side' },
      spec: { initContainers: [{ ...side, name: 'init' }], containers: [app([]), side] },
    },
    env: [...REGIONS, ...CONTAINER],
    token: podToken,
    others: { init: [], side: [] },
  },
  'takes names of containers to leave alone as they stand, blanks included': {
    associated: true,
    pod: { annotations: { 'eks.amazonaws.com/skip-containers': 'init, side' }, spec: { containers: [app([]), side] } },
    env: [...REGIONS, ...CONTAINER],
    token: podToken,
    others: { side: [...REGIONS, ...CONTAINER] },
  },
  'reads the names of containers to leave alone as CSV': {
    associated: true,
    pod: { annotations: { 'eks.amazonaws.com/skip-containers': '"a ""b""\nc","side"\r' }, spec: { containers: [app([]), side] } },
    env: [...REGIONS, ...CONTAINER],
    token: podToken,
    others: { side: [] },
  },
  'takes init containers that are null for none': {
    associated: true,
    pod: { spec: { initContainers: null, nodeSelector: null } },
    env: [...REGIONS, ...CONTAINER],
    token: podToken,
  },
  'knows Windows by the node selector alone': {
    account: { 'role-arn': ROLE },
    pod: { spec: { os: { name: 'windows' } } },
    env: [...REGIONS, ...IRSA],
    token: irsaToken,
  },
  'leaves a pod alone whose label says so, whatever its value': {
    account: { 'role-arn': ROLE },
    associated: true,
    pod: { labels: { 'eks.amazonaws.com/skip-pod-identity-webhook': 'false' } },
    env: [],
  },
  'gives a Windows pod Windows paths for IRSA': {
    account: { 'role-arn': ROLE },
    pod: { spec: WINDOWS },
    env: [...REGIONS, `AWS_ROLE_ARN=${ROLE}`, `AWS_WEB_IDENTITY_TOKEN_FILE=C:${WEB_FILE.replaceAll('/', '\\')}`],
    token: irsaToken,
  },
  'gives a Windows pod container credentials, which nothing serves there': {
    associated: true,
    pod: { spec: WINDOWS },
    env: [
      ...REGIONS,
      'AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/v1/credentials',
      `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=C:${POD_FILE.replaceAll('/', '\\')}`,
    ],
    token: podToken,
  },
};

interface Container {
  readonly name: string;
  readonly restartPolicy?: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}

/** What the webhook behind the API server makes of pods, whoever they are; by a dry run, which must show what a create does. */
export function describeInjection({ behaviour, running, makeNamespace }: KubernetesSuite): void {
  describe('the pod identity webhook', () => {
    const names = new Map(Object.keys(CASES).map((title, index) => [title, `account-${index}`]));
    let backend: RunningKubernetes;
    let namespace = '';
    beforeAll(async () => {
      backend = running();
      namespace = await makeNamespace();
      await backend.associate(
        Object.entries(CASES).flatMap(([title, { associated }]) => (associated ? [`${namespace}/${names.get(title)}`] : [])),
      );
      for (const [title, { account = {} }] of Object.entries(CASES)) {
        const annotations = Object.fromEntries(Object.entries(account).map(([key, value]) => [`eks.amazonaws.com/${key}`, value]));
        await backend.request('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, {
          body: { metadata: { name: names.get(title), annotations } },
        });
      }
      // A webhook learns of accounts and associations by watches: once it knows the last, it knows all.
      const last = { serviceAccountName: names.get('gives a Windows pod container credentials, which nothing serves there') };
      await backend.eventually(async () => {
        const { body } = await create('dry', { spec: { ...last, containers: [side] } }, '?dryRun=All');
        return body.spec.containers[0].env === undefined ? undefined : true;
      });
    });
    const create = (name: string, { metadata = {}, spec }: { metadata?: object; spec: object }, query = '') =>
      backend.request('POST', `/api/v1/namespaces/${namespace}/pods${query}`, { body: { metadata: { name, ...metadata }, spec } });
    const variables = (container: Container | undefined): string[] =>
      (container?.env ?? []).map(({ name, value }) => `${name}=${value ?? ''}`).sort();

    for (const [title, one] of Object.entries(CASES)) {
      behaviour(title, async () => {
        const { annotations, labels, spec = {} } = one.pod ?? {};
        const pod = {
          metadata: { ...(annotations === undefined ? {} : { annotations }), ...(labels === undefined ? {} : { labels }) },
          spec: { containers: [app([])], serviceAccountName: names.get(title), ...spec },
        };
        const dry = await create('probe', pod, '?dryRun=All');
        expect(dry.status).toBe(201);
        const containers: readonly Container[] = [...(dry.body.spec.initContainers ?? []), ...dry.body.spec.containers];
        const by = (name: string) => containers.find((container) => container.name === name);
        expect(variables(by('app'))).toEqual([...one.env].sort());
        for (const [name, env] of Object.entries(one.others ?? {})) {
          expect([name, variables(by(name))]).toEqual([name, [...env].sort()]);
        }
        const volumes: readonly { name: string; projected?: { sources: readonly Record<string, Record<string, unknown>>[] } }[] =
          dry.body.spec.volumes ?? [];
        const ours = volumes.filter(({ name }) => ['aws-iam-token', 'eks-pod-identity-token'].includes(name));
        expect(ours.map(({ name }) => name)).toEqual(one.token === undefined ? [] : [one.token.volume]);
        expect(dry.body.metadata.labels?.['eks.amazonaws.com/pod-identity']).toBe(
          one.token?.volume === 'eks-pod-identity-token' ? 'enabled' : undefined,
        );
        if (one.token !== undefined) {
          const token = ours[0]?.projected?.sources[0]?.serviceAccountToken;
          expect(token?.audience).toBe(one.token.audience);
          expect(token?.expirationSeconds).toBeGreaterThanOrEqual(one.token.least);
          expect(token?.expirationSeconds).toBeLessThanOrEqual(one.token.most);
          const mount = by('app')?.volumeMounts?.find(({ name }) => name === one.token?.volume);
          const folder = (one.token.volume === 'aws-iam-token' ? WEB_FILE : POD_FILE).replace(/\/[^/]+$/, '');
          expect([mount?.mountPath, mount?.readOnly]).toEqual([folder, true]);
        }
        expect(by('proxy')?.restartPolicy).toBe(by('proxy') === undefined ? undefined : 'Always');
        const kept = await create(`kept-${names.get(title)}`, pod);
        expect(kept.status).toBe(201);
        expect(variables(kept.body.spec.containers[0])).toEqual(variables(dry.body.spec.containers[0]));
      });
    }

    behaviour('adds its mount whatever is mounted at its path, and the API server refuses what that makes', async () => {
      for (const [title, file] of [
        ['gives IRSA for an annotated service account', WEB_FILE],
        ['gives container credentials for an association', POD_FILE],
      ] as const) {
        const mountPath = file.replace(/\/[^/]+$/, '');
        const spec = {
          serviceAccountName: names.get(title),
          volumes: [{ name: 'mine', emptyDir: {} }],
          containers: [{ ...side, volumeMounts: [{ name: 'mine', mountPath }] }],
        };
        const { status, body } = await create('mine', { spec }, '?dryRun=All');
        expect(status).toBe(422);
        expect(body.message).toBe(
          `Pod "mine" is invalid: spec.containers[0].volumeMounts[${body.details.causes[0].field.match(/volumeMounts\[(\d)/)?.[1]}].mountPath: ` +
            `Invalid value: "${mountPath}": must be unique`,
        );
      }
    });

    behaviour('sees an association come and go, at the next pod', async () => {
      const account = 'comes-and-goes';
      await backend.request('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, {
        body: { metadata: { name: account, annotations: { 'eks.amazonaws.com/role-arn': ROLE } } },
      });
      const way = async (): Promise<string> => {
        const { body } = await create('way', { spec: { serviceAccountName: account, containers: [side] } }, '?dryRun=All');
        return (
          variables(body.spec.containers[0])
            .find((one) => /^AWS_(ROLE|CONTAINER_CRED)/.test(one))
            ?.slice(0, 8) ?? ''
        );
      };
      const becomes = (wanted: string) => backend.eventually(async () => ((await way()) === wanted ? true : undefined));
      await becomes('AWS_ROLE');
      await backend.associate([`${namespace}/${account}`]);
      await becomes('AWS_CONT');
      await backend.associate([]);
      await becomes('AWS_ROLE');
    });
  });
}
