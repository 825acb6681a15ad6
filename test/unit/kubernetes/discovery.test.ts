import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../../src/aws/gateways.ts';
import { readGroups, readResources } from '../../../src/kubernetes/discovery.ts';
import { createKubernetesGateway } from '../../../src/kubernetes/kubernetes-gateway.ts';
import { type ScriptedReply, type SeenRequest, startScript } from '../fixtures/scripted-server.ts';

const LIST = ['get', 'list'];
/** As k8s.io/api/apidiscovery/v2 has it. */
const AGGREGATED = {
  kind: 'APIGroupDiscoveryList',
  apiVersion: 'apidiscovery.k8s.io/v2',
  items: [
    {
      metadata: { name: 'keda.sh' },
      versions: [
        {
          version: 'v1alpha1',
          freshness: 'Current',
          resources: [
            { resource: 'scaledobjects', responseKind: { kind: 'ScaledObject' }, scope: 'Namespaced', verbs: LIST },
            { resource: 'reviews', responseKind: { kind: 'Review' }, scope: 'Cluster', verbs: ['create'] },
          ],
        },
      ],
    },
    {
      metadata: { name: 'cert-manager.io' },
      versions: [
        {
          version: 'v1',
          resources: [{ resource: 'clusterissuers', responseKind: { kind: 'ClusterIssuer' }, scope: 'Cluster', verbs: LIST }],
        },
        { version: 'v1alpha2', resources: [{ resource: 'old', responseKind: { kind: 'Old' }, scope: 'Cluster', verbs: LIST }] },
      ],
    },
    { metadata: { name: 'away.example.com' }, versions: [{ version: 'v1', freshness: 'Stale' }] },
    { metadata: { name: 'empty.example.com' } },
  ],
};
const ISSUERS = { group: 'cert-manager.io', version: 'v1', plural: 'clusterissuers', kind: 'ClusterIssuer', namespaced: false };
const SCALED = { group: 'keda.sh', version: 'v1alpha1', plural: 'scaledobjects', kind: 'ScaledObject', namespaced: true };

async function discover(script: (request: SeenRequest) => ScriptedReply, wanted: (group: string) => boolean = () => true) {
  const server = await startScript(script, true);
  const gateway = createKubernetesGateway({
    cluster: { name: 'shop', status: 'ACTIVE', endpoint: server.url, certificateAuthority: server.certificateAuthority } as Cluster,
    clusterName: 'shop',
    region: 'eu-west-1',
    credentials: async () => ({ accessKeyId: 'a', secretAccessKey: 's' }),
    clock: { now: () => 0 },
    retryDelays: 'none',
    onRequest: () => undefined,
  });
  return { server, served: gateway.discover(wanted) };
}

describe('the discovery of a cluster', () => {
  it('is one request where the API server tells everything at once', async () => {
    const { server, served } = await discover(() => ({ body: AGGREGATED }));
    expect(await served).toEqual({ resources: [ISSUERS, SCALED], unanswered: ['away.example.com'] });
    expect(server.seen.map(({ path }) => path)).toEqual(['/apis']);
    expect(server.seen[0]?.headers.accept).toMatch(/APIGroupDiscoveryList.*,application\/json$/);
  });

  it('leaves out what nobody wants', async () => {
    const { served } = await discover(
      () => ({ body: AGGREGATED }),
      (group) => group === 'keda.sh',
    );
    expect(await served).toEqual({ resources: [SCALED], unanswered: [] });
  });

  it('asks an older API server group by group, and names those that do not answer', async () => {
    const groups = [
      { name: 'keda.sh', preferredVersion: { version: 'v1alpha1' }, versions: [{ version: 'v2' }] },
      { name: 'cert-manager.io', versions: [{ version: 'v1' }] },
      { name: 'away.example.com', preferredVersion: { version: 'v1' } },
      { name: 'apps', preferredVersion: { version: 'v1' } },
    ];
    const lists: Readonly<Record<string, object>> = {
      '/apis': { kind: 'APIGroupList', groups },
      '/apis/keda.sh/v1alpha1': {
        resources: [
          { name: 'scaledobjects', kind: 'ScaledObject', namespaced: true, verbs: LIST },
          { name: 'scaledobjects/status', kind: 'ScaledObject', namespaced: true, verbs: LIST },
        ],
      },
      '/apis/cert-manager.io/v1': { resources: [{ name: 'clusterissuers', kind: 'ClusterIssuer', namespaced: false, verbs: LIST }] },
    };
    const { server, served } = await discover(
      ({ path }) => (lists[path] === undefined ? { status: 503, body: {} } : { body: lists[path] }),
      (group) => group !== 'apps',
    );
    expect(await served).toEqual({ resources: [ISSUERS, SCALED], unanswered: ['away.example.com'] });
    expect(server.seen.map(({ path }) => path)).not.toContain('/apis/apps/v1');
  });

  it.each([
    [403, 'KubernetesForbidden'],
    [500, 'ServiceUnavailable'],
  ])('fails where it is answered by %s', async (status, name) => {
    const { served } = await discover(() => ({ status, body: {} }));
    await expect(served).rejects.toMatchObject({ name });
  });

  it('reads answers that leave out what may be empty', () => {
    expect(readGroups({ kind: 'APIGroupDiscoveryList' })).toEqual({ kind: 'all', served: { resources: [], unanswered: [] } });
    expect(readGroups({})).toEqual({ kind: 'groups', groups: [] });
    expect(readGroups({ groups: [{ name: 'a' }] })).toEqual({ kind: 'groups', groups: [{ group: 'a', version: '' }] });
    expect(readResources({ group: 'a', version: 'v1' }, {})).toEqual([]);
    const bare = { kind: 'APIGroupDiscoveryList', items: [{ versions: [{ version: 'v1', resources: [{ resource: 'x', verbs: LIST }] }] }] };
    expect(readGroups(bare)).toMatchObject({ served: { resources: [{ group: '', kind: '', namespaced: false }] } });
  });
});
