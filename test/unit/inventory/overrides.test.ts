import { describe, expect, it } from 'vitest';
import { configMapOverrides, findOverrides, skipsWebhook } from '../../../src/inventory/overrides.ts';

import { object, PREFIX } from '../fixtures/inventory-worlds.ts';

describe('overrides', () => {
  const container = (fields: object) => ({ containers: [{ name: 'c', ...fields }] });
  const overridesOf = (spec: object, annotations = {}, live = false) =>
    findOverrides(spec, annotations, { prefix: PREFIX, live }).overrides.map(
      ({ kind, container: name, name: what }) => `${kind} ${name} ${what}`,
    );

  it.each<[string, object, string[]]>([
    ['nothing', {}, []],
    ['a variable that does not matter', container({ env: [{ name: 'AWS_REGION', value: 'eu-central-1' }] }), []],
    ['the role', container({ env: [{ name: 'AWS_ROLE_ARN', value: 'x' }] }), ['env c AWS_ROLE_ARN']],
    [
      'static keys from a Secret',
      container({ env: [{ name: 'AWS_ACCESS_KEY_ID', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }),
      ['env c AWS_ACCESS_KEY_ID'],
    ],
    ['a profile', container({ env: [{ name: 'AWS_PROFILE', value: 'x' }] }), ['env c AWS_PROFILE']],
    ['a configuration file', container({ env: [{ name: 'AWS_CONFIG_FILE', value: 'x' }] }), ['env c AWS_CONFIG_FILE']],
    [
      'container credentials by hand',
      container({ env: [{ name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: 'x' }] }),
      ['env c AWS_CONTAINER_CREDENTIALS_FULL_URI'],
    ],
    ['a session name', container({ env: [{ name: 'AWS_ROLE_SESSION_NAME', value: 'x' }] }), ['session-name c AWS_ROLE_SESSION_NAME']],
    [
      'the provider in a variable',
      container({ env: [{ name: 'OPTS', value: '-Dp=WebIdentityTokenCredentialsProvider' }] }),
      ['web-identity c variable OPTS'],
    ],
    ['the provider in arguments', container({ args: ['--auth=web-identity'] }), ['web-identity c args']],
    [
      'the token path in the command',
      container({ command: ['sh', '-c', 'cat /var/run/secrets/eks.amazonaws.com/serviceaccount/token'] }),
      ['web-identity c command'],
    ],
    ['a Secret as environment', container({ envFrom: [{ secretRef: { name: 's' } }] }), ['secret-env c s']],
    ['a mounted profile', container({ volumeMounts: [{ name: 'v', mountPath: '/root/.aws' }] }), ['profile-mount c /root/.aws']],
    [
      'a mounted credentials file',
      container({ volumeMounts: [{ name: 'v', mountPath: '/root/.aws/credentials' }] }),
      ['profile-mount c /root/.aws/credentials'],
    ],
    ['a mount that only looks like one', container({ volumeMounts: [{ name: 'v', mountPath: '/data/.awsome' }] }), []],
    [
      'a token for STS',
      {
        ...container({ volumeMounts: [{ name: 'v', mountPath: '/token' }] }),
        volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { audience: 'sts.amazonaws.com' } }] } }],
      },
      ['token c v'],
    ],
    [
      'a token for STS that nothing mounts',
      { ...container({}), volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { audience: 'sts.amazonaws.com' } }] } }] },
      [],
    ],
    [
      'a token for others',
      {
        ...container({ volumeMounts: [{ name: 'v', mountPath: '/token' }] }),
        volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { audience: 'vault' } }] } }],
      },
      [],
    ],
    ['an init container', { initContainers: [{ name: 'i', env: [{ name: 'AWS_PROFILE', value: 'x' }] }] }, ['env i AWS_PROFILE']],
  ])('sees %s', (_, spec, expected) => {
    expect(overridesOf(spec)).toEqual(expected);
  });

  it('leaves out containers that the webhook skips', () => {
    const spec = { initContainers: [{ name: 'i', args: ['web-identity'] }], containers: [{ name: 'c', env: [{ name: 'AWS_PROFILE' }] }] };
    expect(overridesOf(spec, { [`${PREFIX}/skip-containers`]: 'c,other' })).toEqual(['web-identity i args']);
    expect(overridesOf(spec, { [`${PREFIX}/skip-containers`]: 'c,i' })).toEqual([]);
    expect(overridesOf(spec, { 'example.com/skip-containers': 'c,i' })).toHaveLength(2);
  });

  const IRSA = ['aws-iam-token', 'AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'sts.amazonaws.com', 'token'] as const;
  const POD_IDENTITY = [
    'eks-pod-identity-token',
    'AWS_CONTAINER_CREDENTIALS_FULL_URI',
    'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
    'pods.eks.amazonaws.com',
    'eks-pod-identity-token',
  ] as const;
  const WAYS = [IRSA, POD_IDENTITY];
  const directoryOf = (audience: string) =>
    `/var/run/secrets/${audience.startsWith('pods') ? 'pods.eks' : 'eks'}.amazonaws.com/serviceaccount`;

  it.each(WAYS)('does not take what the webhook injected for the hand of a user (%s)', (volume, first, second, audience, path) => {
    const directory = directoryOf(audience);
    const specOf = (file: string, mountPath: string) => ({
      containers: [
        {
          name: 'c',
          env: [{ name: first, value: 'x' }, { name: second, value: file }, { name: 'AWS_PROFILE' }],
          volumeMounts: [{ name: volume, mountPath }],
        },
      ],
      volumes: [{ name: volume, projected: { sources: [{ serviceAccountToken: { audience } }] } }],
    });
    for (const [file, mountPath] of [
      [`${directory}/${path}`, directory],
      // The webhook mounts nothing where a mount of that name is there.
      [`${directory}/${path}`, '/elsewhere'],
      // Another webhook than EKS's may mount elsewhere.
      [`/token/${path}`, '/token'],
      [`C:${directory.replaceAll('/', '\\')}\\${path}`, directory],
    ] as const) {
      expect(overridesOf(specOf(file, mountPath), {}, true)).toEqual(['env c AWS_PROFILE']);
      expect(overridesOf(specOf(file, mountPath)).length).toBeGreaterThanOrEqual(3);
    }
  });

  it.each(WAYS)(
    'takes the hand of a user for one though the webhook mounts its token there (%s)',
    (volume, first, second, audience, path) => {
      const directory = directoryOf(audience);
      const file = { name: second, value: `${directory}/${path}` };
      const specOf = (...env: object[]) => ({ containers: [{ name: 'c', env, volumeMounts: [{ name: volume, mountPath: directory }] }] });
      expect(overridesOf(specOf({ name: first, value: 'x' }), {}, true)).toEqual([`env c ${first}`]);
      expect(overridesOf(specOf(file), {}, true)).toEqual([`env c ${second}`]);
      expect(overridesOf(specOf(file, { name: first, value: 'x' }), {}, true)).toHaveLength(2);
      expect(overridesOf(specOf({ name: first, value: 'x' }, { name: second, value: '/mine' }), {}, true)).toHaveLength(2);
      const fromField = { name: first, valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } };
      expect(overridesOf(specOf(fromField, file), {}, true)).toHaveLength(2);
    },
  );

  it('keeps no value', () => {
    const spec = container({
      env: [
        { name: 'AWS_SECRET_ACCESS_KEY', value: 'hunter2' },
        { name: 'A', value: 'hunter2 web-identity' },
      ],
      args: ['hunter2 web_identity'],
    });
    expect(JSON.stringify(findOverrides(spec, {}, { prefix: PREFIX, live: false }))).not.toContain('hunter2');
  });

  it('lists the ConfigMaps that containers use, but not the cluster certificate', () => {
    const spec = {
      containers: [
        {
          name: 'c',
          envFrom: [{ configMapRef: { name: 'env' }, prefix: 'AWS_' }, { configMapRef: { name: 'plain' } }],
          env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'one', key: 'k' } } }],
          volumeMounts: ['files', 'projected', 'certificate', 'empty'].map((name) => ({ name, mountPath: `/${name}` })),
        },
      ],
      volumes: [
        { name: 'files', configMap: { name: 'files' } },
        { name: 'projected', projected: { sources: [{ configMap: { name: 'part' } }, { secret: { name: 's' } }] } },
        { name: 'certificate', projected: { sources: [{ configMap: { name: 'kube-root-ca.crt' } }] } },
        { name: 'empty', emptyDir: {} },
      ],
    };
    const { configMaps } = findOverrides(spec, {}, { prefix: PREFIX, live: false });
    expect(configMaps.map(({ configMap, as, prefix, key }) => [configMap, as, prefix, key])).toEqual([
      ['one', 'value', '', 'k'],
      ['env', 'environment', 'AWS_', null],
      ['plain', 'environment', '', null],
      ['files', 'files', '', null],
      ['part', 'files', '', null],
    ]);
  });

  it('reads what a ConfigMap brings, by key', () => {
    const map = object('ConfigMap', {
      data: {
        ROLE_ARN: 'secret value',
        ROLE_SESSION_NAME: 's',
        PROFILE: 'x',
        'core-site.xml': 'a WebIdentityTokenCredentialsProvider b',
        other: 'x',
      },
    });
    const found = (use: object) =>
      configMapOverrides({ container: 'c', configMap: 'm', as: 'environment', prefix: '', key: null, ...use } as never, map).map(
        ({ kind, name }) => `${kind}: ${name}`,
      );
    expect(found({ prefix: 'AWS_' })).toEqual([
      'config-map: ConfigMap m, key ROLE_ARN',
      'session-name: ConfigMap m, key ROLE_SESSION_NAME',
      'config-map: ConfigMap m, key PROFILE',
      'web-identity: ConfigMap m, key core-site.xml',
    ]);
    expect(found({})).toEqual(['web-identity: ConfigMap m, key core-site.xml']);
    expect(found({ as: 'files', prefix: 'AWS_' })).toEqual(['web-identity: ConfigMap m, key core-site.xml']);
    expect(found({ as: 'value', key: 'other' })).toEqual([]);
    expect(configMapOverrides({ container: 'c', configMap: 'm', as: 'files', prefix: '', key: null }, object('ConfigMap'))).toEqual([]);
  });

  it('knows the label that keeps the webhook away, whatever its value', () => {
    expect(skipsWebhook({ 'eks.amazonaws.com/skip-pod-identity-webhook': '' })).toBe(true);
    expect(skipsWebhook({ 'example.com/skip-pod-identity-webhook': 'true' })).toBe(false);
    expect(skipsWebhook({ a: 'b' })).toBe(false);
    expect(skipsWebhook(undefined)).toBe(false);
  });
});
