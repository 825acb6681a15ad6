import { beforeEach, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { associate } from '../../../src/migration/unit/associate.ts';
import { checkInjection } from '../../../src/migration/unit/check-injection.ts';
import { PodshiftError } from '../../../src/model/errors.ts';
import { deployment, type FakeMigration } from '../fixtures/fake-migration.ts';
import { UNIT, unitScene } from '../fixtures/unit-scene.ts';

let fake: FakeMigration;
const { begin, evidence } = unitScene((made) => {
  fake = made;
});

const TOKEN_PATH = '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount';
const template = (spec: object, metadata: object = {}, more: object = {}) =>
  deployment({ spec: { ...more, template: { metadata, spec: { containers: [{ name: 'app' }], ...spec } } } });

/** Whatever is sent as a dry run, the probe's left out; `answer` may refuse it. */
async function sent(answer: (pod: KubernetesObject) => PodshiftError | undefined = () => undefined): Promise<KubernetesObject[]> {
  const kubernetes = await fake.runtime.kubernetes({ clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null });
  const pods: KubernetesObject[] = [];
  const { create } = kubernetes;
  kubernetes.create = async (resource, namespace, object, options) => {
    const pod = object as KubernetesObject;
    if (options?.dryRun === true && pod.spec.containers[0].name !== 'probe') {
      pods.push(pod);
      const refused = answer(pod);
      if (refused !== undefined) throw refused;
    }
    return create(resource, namespace, object, options);
  };
  fake.runtime.kubernetes = async () => kubernetes;
  return pods;
}

/** The step until it is ready or fails: two hits are enough in this scene. */
async function check() {
  await checkInjection(fake.runtime, UNIT);
  fake.pass(3);
  return checkInjection(fake.runtime, UNIT);
}

beforeEach(async () => {
  await begin();
  await associate(fake.runtime, UNIT);
  fake.account.writes = [];
});

describe("the dry runs of a unit's own templates", () => {
  it('are several in a row, once the probe is injected everywhere, and on record', async () => {
    const pods = await sent();
    fake.put(template({ serviceAccount: 'orders', serviceAccountName: 'orders' }, { labels: { app: 'orders' }, annotations: { a: 'b' } }));
    await checkInjection(fake.runtime, UNIT);
    expect(pods).toHaveLength(0);
    fake.pass(3);
    expect(await checkInjection(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    expect(pods).toHaveLength(3);
    expect(pods[0]).toMatchObject({
      metadata: { namespace: 'shop', labels: { app: 'orders' }, annotations: { a: 'b' } },
      spec: { serviceAccountName: 'orders' },
    });
    expect(new Set(pods.map(({ metadata }) => metadata.name)).size).toBe(3);
    expect(await evidence()).toMatchObject([{ kind: 'dry-run', passed: true, facts: { templates: 1 } }]);
    expect(fake.account.writes).toEqual([]);
  });

  it('have a volume for each claim of a StatefulSet', async () => {
    const pods = await sent();
    const claim = { metadata: { name: 'data' } };
    fake.put(template({ volumes: [{ name: 'own' }] }, {}, { volumeClaimTemplates: [claim, { metadata: { name: 'own' } }] }));
    await check();
    expect(pods[0]?.spec.volumes).toMatchObject([{ name: 'own' }, { name: 'data', persistentVolumeClaim: {} }]);
  });

  it.each<[string, KubernetesObject, RegExp]>([
    [
      'hides the token by a volume of its name',
      template({
        volumes: [{ name: 'eks-pod-identity-token', emptyDir: {} }],
        containers: [{ name: 'app', volumeMounts: [{ name: 'eks-pod-identity-token', mountPath: TOKEN_PATH }] }],
      }),
      /container app of new pods of Deployment\/shop\/orders would have the variables of the webhook and no token/,
    ],
    [
      'hides the token by a mount in its place',
      template({
        volumes: [{ name: 'v', emptyDir: {} }],
        containers: [{ name: 'app', volumeMounts: [{ name: 'v', mountPath: `${TOKEN_PATH}/eks-pod-identity-token` }] }],
      }),
      /no token/,
    ],
    ['names every container', template({}, { annotations: { 'eks.amazonaws.com/skip-containers': 'app' } }), /names every container/],
    ['outranks the new way', template({ containers: [{ name: 'app', env: [{ name: 'AWS_PROFILE', value: 'x' }] }] }), /sets AWS_PROFILE/],
  ])('fail before anything restarts where the template %s', async (_, object, message) => {
    fake.put(object);
    await checkInjection(fake.runtime, UNIT);
    fake.pass(3);
    await expect(checkInjection(fake.runtime, UNIT)).rejects.toMatchObject({
      name: 'ProofFailed',
      message: expect.stringMatching(message),
    });
    expect(fake.account.writes).toEqual([]);
  });

  it('fail where the API server refuses the mount that the webhook adds', async () => {
    const fields = ['spec.containers[0].volumeMounts[1].mountPath'];
    await sent(() => new PodshiftError('InvalidRequest', 'refused', { details: { fields } }));
    await expect(check()).rejects.toMatchObject({ name: 'ProofFailed', message: expect.stringContaining(fields[0] as string) });
  });

  it.each(['KubernetesForbidden', 'InvalidRequest'] as const)(
    'tell nothing where admission refuses them for another reason (%s)',
    async (name) => {
      const pods = await sent(() => new PodshiftError(name, 'exceeded quota'));
      expect(await check()).toMatchObject({ status: 'ready' });
      expect(pods).toHaveLength(1);
      expect(await evidence()).toContainEqual(
        expect.objectContaining({
          kind: 'template-dry-run',
          passed: false,
          facts: { refused: { 'Deployment/shop/orders': 'exceeded quota' } },
        }),
      );
    },
  );

  it('let other failures through', async () => {
    await sent(() => new PodshiftError('Throttled', 'later'));
    await expect(check()).rejects.toMatchObject({ name: 'Throttled' });
  });

  it('wait for a webhook that does not know the association yet, and give up after their time', async () => {
    await sent((pod) => {
      fake.account.injects = 'old';
      return pod === undefined ? new PodshiftError('NotFound', '') : undefined;
    });
    await checkInjection(fake.runtime, UNIT);
    fake.pass(3);
    expect(await checkInjection(fake.runtime, UNIT)).toMatchObject({ status: 'waiting', hits: 0 });
    fake.account.injects = 'new';
    await checkInjection(fake.runtime, UNIT);
    fake.pass(178);
    await expect(checkInjection(fake.runtime, UNIT)).rejects.toMatchObject({
      name: 'StepTimedOut',
      message: 'after 181 s new pods of Deployment/shop/orders are not injected',
    });
  });

  it('are left out of a workload that is gone: the restart tells', async () => {
    fake.account.objects.delete('Deployment/shop/orders');
    expect(await check()).toMatchObject({ status: 'ready' });
    expect(await evidence()).toMatchObject([{ kind: 'dry-run', passed: true }]);
  });
});
