import { afterEach, describe, expect, it } from 'vitest';
import type { SnapshotParts } from '../../../twin/snapshot.ts';
import { irsaStatement, podIdentityStatement, role, roleArn, START, startTwinAccount, trust } from '../../support/twin-account.ts';
import { agentPod, pod } from '../../support/twin-pods.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const BOTH = trust(irsaStatement('shop', 'cart'), podIdentityStatement('shop', 'cart'));

describe('which identity a container would get', () => {
  let account: Awaited<ReturnType<typeof startTwinAccount>> | undefined;
  const open = async (
    parts: Partial<SnapshotParts> = {},
    options: Pick<Parameters<typeof startTwinAccount>[0] & object, 'eksAuthFaults'> = {},
  ) => {
    account = await startTwinAccount({
      ...options,
      parts: { account: { RoleDetailList: [role('cart', BOTH), role('mail', trust(irsaStatement('shop', 'mail')))] }, ...parts },
    });
    return account;
  };
  /** The same, with an agent on the node and an association of `cart`. */
  const openAssociated = async (options: Parameters<typeof open>[1] = {}) => {
    const twin = await open({}, options);
    twin.cluster.apply(agentPod('node-1'));
    const association = twin.state.createAssociation({ namespace: 'shop', serviceAccount: 'cart', roleArn: roleArn('cart') }, 'system');
    return { twin, association };
  };
  afterEach(async () => {
    await account?.close();
    account = undefined;
  });

  it('is the web identity of an IRSA pod', async () => {
    const { identities } = await open();
    expect(identities.callerIdentity(pod({ name: 'p', serviceAccount: 'cart', mode: 'irsa' }), 'app')).toEqual({
      via: 'web-identity',
      roleArn: roleArn('cart'),
      assumedRoleArn: expect.stringMatching(/^arn:aws:sts::111122223333:assumed-role\/cart\/botocore-session-\d+$/),
      error: '',
    });
  });

  it.each<[string, Parameters<typeof pod>[0], string]>([
    [
      'another service account than the trust names',
      { name: 'p', serviceAccount: 'other', mode: 'irsa', roleArn: roleArn('cart') },
      'AccessDenied',
    ],
    ['another audience than the trust names', { name: 'p', serviceAccount: 'cart', mode: 'irsa', audience: 'elsewhere' }, 'AccessDenied'],
    ['a role that does not exist', { name: 'p', serviceAccount: 'cart', mode: 'irsa', roleArn: roleArn('absent') }, 'AccessDenied'],
    [
      'a token file that is not there',
      {
        name: 'p',
        serviceAccount: 'cart',
        env: [
          { name: 'AWS_ROLE_ARN', value: roleArn('cart') },
          { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: '/nowhere' },
        ],
      },
      'does not exist',
    ],
  ])('is none with web identity and %s', async (_what, options, error) => {
    const { identities } = await open();
    expect(identities.callerIdentity(pod(options), 'app')).toMatchObject({
      via: 'none',
      roleArn: '',
      error: expect.stringContaining(error),
    });
  });

  it('is none without a registered provider', async () => {
    const { identities } = await open({ openIdConnectProviders: { OpenIDConnectProviderList: [] } });
    expect(identities.callerIdentity(pod({ name: 'p', serviceAccount: 'cart', mode: 'irsa' }), 'app').error).toContain(
      'No OpenIDConnect provider',
    );
  });

  it('is the association role by Pod Identity', async () => {
    const { twin } = await openAssociated();
    expect(twin.identities.callerIdentity(pod({ name: 'p', serviceAccount: 'cart', mode: 'pod-identity' }), 'app')).toEqual({
      via: 'pod-identity',
      roleArn: roleArn('cart'),
      assumedRoleArn: expect.stringMatching(/^arn:aws:sts::111122223333:assumed-role\/cart\/eks-shop-p-[0-9a-f-]+$/),
      error: '',
    });
  });

  it.each<[string, (twin: Awaited<ReturnType<typeof startTwinAccount>>) => void, string]>([
    [
      'no association',
      (twin) => twin.state.deleteAssociation([...twin.state.associations.values()][0] as never, 'system'),
      'ResourceNotFoundException',
    ],
    ['no agent', (twin) => twin.cluster.remove('Pod', 'kube-system', 'agent-node-1'), 'no ready Pod Identity agent'],
    ['an agent that is not ready', (twin) => twin.cluster.apply(agentPod('node-1', false)), 'no ready Pod Identity agent'],
  ])('is none by Pod Identity with %s', async (_what, change, error) => {
    const { twin } = await openAssociated();
    change(twin);
    expect(twin.identities.callerIdentity(pod({ name: 'p', serviceAccount: 'cart', mode: 'pod-identity' }), 'app')).toMatchObject({
      via: 'none',
      error: expect.stringContaining(error),
    });
  });

  it('needs no agent pod on an Auto Mode node, and gets nothing on Fargate or Windows', async () => {
    const { twin } = await openAssociated();
    const node = (name: string, labels: Record<string, string>) =>
      twin.cluster.apply({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels } });
    node('auto', { 'eks.amazonaws.com/compute-type': 'auto' });
    node('fargate-ip-1', { 'eks.amazonaws.com/compute-type': 'fargate' });
    node('windows', { 'kubernetes.io/os': 'windows' });
    const via = (nodeName: string, mode: 'pod-identity' | 'none' = 'pod-identity') =>
      twin.identities.callerIdentity(pod({ name: `p-${nodeName}-${mode}`, serviceAccount: 'cart', mode, nodeName }), 'app').via;
    twin.cluster.apply(agentPod('windows'));
    expect([via('auto'), via('fargate-ip-1'), via('windows')]).toEqual(['pod-identity', 'none', 'none']);
    expect([via('auto', 'none'), via('fargate-ip-1', 'none')]).toEqual(['instance-metadata', 'none']);
  });

  it('goes by the trust policy as IAM has spread it', async () => {
    const { twin } = await openAssociated();
    const cart = twin.state.role('cart');
    if (cart === undefined) throw new Error('no such role');
    twin.state.writeTrust(cart, trust(podIdentityStatement('shop', 'cart', { Action: 'sts:AssumeRole' })), 'system');
    const ask = (name: string) => twin.identities.callerIdentity(pod({ name, serviceAccount: 'cart', mode: 'pod-identity' }), 'app').via;
    expect(ask('before')).toBe('pod-identity');
    await twin.clock.advance(8_000);
    expect(ask('after')).toBe('none');
  });

  it('does not send tags where the association disables them', async () => {
    const { twin, association } = await openAssociated();
    twin.state.updateAssociation(
      association,
      { disableSessionTags: true, roleArn: undefined, targetRoleArn: undefined, policy: undefined },
      'system',
    );
    expect(twin.identities.callerIdentity(pod({ name: 'p', serviceAccount: 'cart', mode: 'pod-identity' }), 'app').error).toContain(
      'AccessDenied',
    );
  });

  it('stays what the agent fetched until a sweep renews it three hours later, and ends then where the association is gone', async () => {
    const { twin, association } = await openAssociated();
    const running = pod({ name: 'p', serviceAccount: 'cart', mode: 'pod-identity' });
    const via = () => twin.identities.ask(running, 'app', { record: false }).identity.via;
    expect(twin.identities.callerIdentity(running, 'app').via).toBe('pod-identity');
    await twin.clock.advance(4 * HOUR);
    twin.state.deleteAssociation(association, 'system');
    expect(via()).toBe('pod-identity');
    expect(twin.identities.callerIdentity(pod({ name: 'new', serviceAccount: 'cart', mode: 'pod-identity' }), 'app').via).toBe('none');
    await twin.clock.advance(2 * HOUR);
    expect(via()).toBe('pod-identity');
    // It was renewed by a sweep up to a minute late, and so is it again.
    await twin.clock.advance(2 * MINUTE);
    expect(via()).toBe('none');
  });

  it('is asked again for a rotated token, which the agent does not know', async () => {
    const { twin, association } = await openAssociated();
    const short = pod({ name: 'p', serviceAccount: 'cart', mode: 'pod-identity', expirationSeconds: 600 });
    const answer = () => twin.identities.ask(short, 'app', { record: false });
    twin.identities.callerIdentity(short, 'app');
    await twin.clock.advance(2 * MINUTE);
    twin.state.deleteAssociation(association, 'system');
    expect(answer()).toMatchObject({ identity: { via: 'pod-identity' }, until: twin.clock.now() + 6 * MINUTE });
    await twin.clock.advance(6 * MINUTE - 1);
    expect(answer().identity.via).toBe('pod-identity');
    await twin.clock.advance(1);
    expect(answer().identity).toMatchObject({ via: 'none', error: expect.stringContaining('(ResourceNotFoundException)') });
  });

  it('asks nobody and keeps nothing when a process is only looked at', async () => {
    const { twin, association } = await openAssociated();
    const running = pod({ name: 'p', serviceAccount: 'cart', mode: 'pod-identity' });
    const look = () => twin.identities.ask(running, 'app', { record: false }).identity.via;
    expect(look()).toBe('pod-identity');
    expect(twin.identities.agents.eksAuthCalls.calls).toBe(0);
    twin.state.deleteAssociation(association, 'system');
    expect(look()).toBe('none');
  });

  it('is none once a token has expired that the kubelet cannot renew, as it is mounted by its file', async () => {
    const { twin } = await openAssociated();
    const whole = pod({ name: 'p', serviceAccount: 'cart', mode: 'pod-identity', expirationSeconds: 3600 });
    const [container] = whole.spec.containers;
    const file = container.env.find(({ name }: { name: string }) => name === 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE').value;
    const mount = { name: 'token', mountPath: file, subPath: 'eks-pod-identity-token' };
    const fixed = { ...whole, spec: { ...whole.spec, containers: [{ ...container, volumeMounts: [mount] }] } };
    expect(twin.identities.callerIdentity(fixed, 'app').via).toBe('pod-identity');
    await twin.clock.advance(HOUR - 1);
    expect(twin.identities.callerIdentity(fixed, 'app').via).toBe('pod-identity');
    await twin.clock.advance(1);
    expect(twin.identities.callerIdentity(fixed, 'app')).toMatchObject({ via: 'none', error: expect.stringContaining('token is expired') });
  });

  it('says of EKS Auth that it failed by itself, and has an answer once it does not', async () => {
    const end = START + MINUTE;
    const { twin } = await openAssociated({ eksAuthFaults: (_token, at) => (at < end ? 'throttle' : undefined) });
    const running = pod({ name: 'p', serviceAccount: 'cart', mode: 'pod-identity' });
    const ask = () => twin.identities.ask(running, 'app', { record: true });
    expect(ask()).toMatchObject({
      identity: { via: 'none', error: expect.stringContaining('(ThrottlingException): Rate exceeded') },
      failed: true,
      until: START + 10_000,
    });
    await twin.clock.advance(MINUTE);
    expect(ask()).toMatchObject({ identity: { via: 'pod-identity' }, failed: false });
    expect(twin.identities.agents.eksAuthCalls).toEqual({ calls: 2, failed: 1 });
  });

  it.each<[string, Partial<Parameters<typeof pod>[0]>, string]>([
    [
      'static keys before all else',
      {
        mode: 'irsa',
        env: [
          { name: 'AWS_ACCESS_KEY_ID', value: 'x' },
          { name: 'AWS_SECRET_ACCESS_KEY', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
        ],
      },
      'static-keys',
    ],
    [
      'not static keys that are optional and absent',
      {
        mode: 'irsa',
        env: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'].map((name) => ({
          name,
          valueFrom: { secretKeyRef: { name: 's', key: 'k', optional: true } },
        })),
      },
      'web-identity',
    ],
    [
      'web identity from a ConfigMap before container credentials',
      { mode: 'pod-identity', envFrom: [{ configMapRef: { name: 'aws' } }] },
      'none',
    ],
    [
      'env over envFrom',
      { mode: 'pod-identity', envFrom: [{ configMapRef: { name: 'aws' } }], env: [{ name: 'AWS_ROLE_ARN', value: '' }] },
      'pod-identity',
    ],
    ['instance metadata last', {}, 'instance-metadata'],
  ])('takes %s', async (_what, options, via) => {
    const { twin } = await openAssociated();
    twin.cluster.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'aws', namespace: 'shop' },
      data: { AWS_ROLE_ARN: roleArn('cart'), AWS_WEB_IDENTITY_TOKEN_FILE: '/token' },
    });
    expect(twin.identities.callerIdentity(pod({ name: 'p', serviceAccount: 'cart', ...options }), 'app').via).toBe(via);
  });

  it('says so of a container that does not exist', async () => {
    const { identities } = await open();
    expect(identities.callerIdentity(pod({ name: 'p', serviceAccount: 'cart' }), 'absent')).toMatchObject({
      via: 'none',
      error: 'the pod has no container absent',
    });
  });
});

describe('what CloudTrail hears of pods', () => {
  let account: Awaited<ReturnType<typeof startTwinAccount>> | undefined;
  afterEach(async () => {
    await account?.close();
    account = undefined;
  });
  const names = (twin: { trail: { events(): readonly { eventName: string }[] } }) => twin.trail.events().map((event) => event.eventName);

  it('a pod by Pod Identity: EKS assumes the role for its service account, and the agent asked', async () => {
    account = await startTwinAccount({ parts: { account: { RoleDetailList: [role('cart', BOTH)] } } });
    account.cluster.apply(agentPod('node-1'));
    account.state.createAssociation({ namespace: 'shop', serviceAccount: 'cart', roleArn: roleArn('cart') }, 'system');
    account.cluster.apply(pod({ name: 'p', serviceAccount: 'cart', mode: 'pod-identity', phase: 'Pending' }));
    expect(names(account)).toEqual([]);
    account.cluster.apply(pod({ name: 'p', serviceAccount: 'cart', mode: 'pod-identity' }));
    expect(names(account)).toEqual(['AssumeRole', 'AssumeRoleForPodIdentity']);
    expect(account.trail.events()[0]?.record).toMatchObject({
      eventSource: 'sts.amazonaws.com',
      userIdentity: { type: 'AWSService', invokedBy: 'pods.eks.amazonaws.com' },
      requestParameters: {
        roleArn: roleArn('cart'),
        durationSeconds: 21600,
        tags: expect.arrayContaining([
          { key: 'kubernetes-namespace', value: 'shop' },
          { key: 'kubernetes-service-account', value: 'cart' },
          { key: 'kubernetes-pod-uid', value: 'uid-p' },
        ]),
      },
      resources: [{ ARN: roleArn('cart') }],
    });
  });

  it('a pod by web identity, renewed while it runs and silent when it is gone', async () => {
    account = await startTwinAccount();
    account.cluster.apply(pod({ name: 'p', serviceAccount: 'cart', mode: 'irsa' }));
    expect(account.trail.events()[0]?.record).toMatchObject({
      eventName: 'AssumeRoleWithWebIdentity',
      userIdentity: { type: 'WebIdentityUser', userName: 'system:serviceaccount:shop:cart' },
      requestParameters: { roleArn: roleArn('cart') },
    });
    await account.clock.advance(2 * HOUR);
    account.cluster.remove('Pod', 'shop', 'p');
    expect(names(account)).toHaveLength(3);
    await account.clock.advance(5 * HOUR);
    expect(names(account)).toHaveLength(3);
  });

  it('a refusal, with its error', async () => {
    account = await startTwinAccount();
    account.cluster.apply(pod({ name: 'p', serviceAccount: 'other', mode: 'irsa', roleArn: roleArn('cart') }));
    expect(account.trail.events()[0]?.record).toMatchObject({ errorCode: 'AccessDenied' });
  });
});
