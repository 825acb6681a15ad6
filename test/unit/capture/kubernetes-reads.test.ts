import { describe, expect, it } from 'vitest';
import { recordKubernetes } from '../../../src/capture/kubernetes-reads.ts';
import { Outcomes } from '../../../src/capture/outcomes.ts';
import type { KubernetesGateway, KubernetesObject, Resource, ServedResources } from '../../../src/kubernetes/gateway.ts';
import { RESOURCES } from '../../../src/kubernetes/resources.ts';
import { PodshiftError } from '../../../src/model/errors.ts';

const STORES: Resource = { group: 'external-secrets.io', version: 'v1', plural: 'secretstores', kind: 'SecretStore', namespaced: true };
const NODE_CLASSES: Resource = { ...RESOURCES.ec2NodeClasses, version: 'v1beta1' };
const SERVED: ServedResources = { resources: [STORES, NODE_CLASSES], unanswered: ['metrics.example.com'] };
const forbidden = (what: string) => new PodshiftError('KubernetesForbidden', `not allowed to list ${what}`);

/** A recording of a cluster with one object of each kind, that refuses these. */
function recorded({ refuses = [], served = SERVED }: { refuses?: readonly string[]; served?: ServedResources | 'forbidden' } = {}) {
  const kept = new Map<string, readonly KubernetesObject[]>();
  const listed: string[] = [];
  const object = ({ plural, version }: Resource): KubernetesObject => ({
    apiVersion: version,
    kind: plural,
    metadata: { name: 'one', namespace: 'shop' },
  });
  const cluster = {
    list: async (resource: Resource) => {
      listed.push(resource.plural);
      if (refuses.includes(resource.plural)) throw forbidden(resource.plural);
      return [object(resource)];
    },
    get: async (resource: Resource, namespace: string, name: string) => ({ ...object(resource), metadata: { name, namespace } }),
    discover: async () => {
      if (served === 'forbidden') throw forbidden('the API groups');
      return served;
    },
  } as unknown as KubernetesGateway;
  const outcomes = new Outcomes();
  const recording = recordKubernetes(cluster, async ({ plural }, objects) => void kept.set(plural, objects), outcomes);
  const outcome = () => Object.fromEntries(outcomes.kinds.map(({ plural, outcome: of }) => [plural, of]));
  return { ...recording, kept, listed, outcomes, outcome };
}

describe('the recorded reads of a cluster', () => {
  it('say of every kind of podshift what came of it', async () => {
    const { readRest, outcome, kept, listed, gateway, outcomes } = recorded({ refuses: ['rolebindings'] });
    await gateway.list(RESOURCES.pods);
    await readRest();
    expect(Object.keys(outcome()).length).toBe(Object.keys(RESOURCES).length);
    expect(outcome()).toMatchObject({ pods: 'read', rolebindings: 'denied', rollouts: 'absent', ec2nodeclasses: 'read' });
    expect(listed.filter((plural) => plural === 'pods')).toEqual(['pods']);
    expect(listed).not.toContain('rollouts');
    expect([...kept.keys()]).not.toContain('rolebindings');
    expect(outcomes.refusals).toEqual([
      { what: 'rolebindings.rbac.authorization.k8s.io', permission: 'list rolebindings.rbac.authorization.k8s.io' },
    ]);
  });

  it('let through what was refused, and note it', async () => {
    const { gateway, outcome } = recorded({ refuses: ['secretstores'] });
    await expect(gateway.list(STORES)).rejects.toThrow('not allowed to list secretstores');
    expect(outcome()).toEqual({ secretstores: 'denied' });
  });

  it('keep a kind in the version in which it was seen first', async () => {
    const { gateway, kept } = recorded();
    await gateway.list(NODE_CLASSES);
    await gateway.list(RESOURCES.ec2NodeClasses);
    expect(kept.get('ec2nodeclasses')).toEqual([expect.objectContaining({ apiVersion: 'v1beta1' })]);
  });

  it('take a ConfigMap from the list of them, and by itself where that is refused', async () => {
    const whole = recorded();
    expect(await whole.gateway.get(RESOURCES.configMaps, 'shop', 'one')).toBeDefined();
    expect(await whole.gateway.get(RESOURCES.configMaps, 'shop', 'two')).toBeUndefined();
    expect(whole.listed).toEqual(['configmaps']);
    const single = recorded({ refuses: ['configmaps'] });
    await single.gateway.get(RESOURCES.configMaps, 'shop', 'two');
    await single.readRest();
    expect(single.outcome().configmaps).toBe('denied');
    expect(single.kept.get('configmaps')?.map(({ metadata }) => metadata.name)).toEqual(['two']);
  });

  it('ask for no part of a list, and know nothing of kinds where discovery is refused', async () => {
    const { gateway, outcomes, outcome, readRest } = recorded({ served: 'forbidden' });
    await expect(gateway.discover(() => true)).rejects.toThrow('not allowed to list the API groups');
    await gateway.list(RESOURCES.pods, { namespace: 'shop' });
    expect(outcome()).toEqual({});
    await readRest();
    expect(outcome().rollouts).toBe('read');
    expect(outcomes.refusals).toEqual([{ what: 'the custom kinds of the cluster', permission: 'get /apis' }]);
  });

  it('name the groups whose servers did not answer', async () => {
    const { gateway, unanswered: before, ...recording } = recorded();
    expect(before).toEqual([]);
    expect(await gateway.discover((group) => group === STORES.group)).toEqual({ resources: [STORES], unanswered: [] });
    expect(recording.outcomes.kinds).toEqual([]);
  });
});
