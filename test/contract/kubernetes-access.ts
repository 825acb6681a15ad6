import { describe, expect } from 'vitest';
import type { KubernetesSuite } from './kubernetes-suite.ts';

/** Who may do what, whoever decides: RBAC's refusals and the reviews of oneself. The caller `limited` may get and list ConfigMaps. */
export function describeAccess({ behaviour, running, makeNamespace }: KubernetesSuite): void {
  describe('the access control', () => {
    behaviour('lets someone do what a role allows', async () => {
      const namespace = await makeNamespace();
      // What a role allows takes a moment to be known to an API server.
      await running().eventually(async () => {
        const { status } = await running().request('GET', `/api/v1/namespaces/${namespace}/configmaps`, { as: 'limited' });
        return status === 200 ? true : undefined;
      });
    });

    const cases: readonly (readonly [title: string, method: string, path: string, what: string, details: Record<string, string>])[] = [
      [
        'a list in a namespace',
        'GET',
        '/api/v1/namespaces/default/pods',
        'pods is forbidden: User "limited" cannot list resource "pods" in API group "" in the namespace "default"',
        { kind: 'pods' },
      ],
      [
        'a list over the cluster',
        'GET',
        '/api/v1/nodes',
        'nodes is forbidden: User "limited" cannot list resource "nodes" in API group "" at the cluster scope',
        { kind: 'nodes' },
      ],
      [
        'a get, whether the object is there or not',
        'GET',
        '/apis/apps/v1/namespaces/default/deployments/missing',
        'deployments.apps "missing" is forbidden: User "limited" cannot get resource "deployments" in API group "apps" in the namespace "default"',
        { name: 'missing', group: 'apps', kind: 'deployments' },
      ],
      [
        'a create',
        'POST',
        '/api/v1/namespaces/default/pods?dryRun=All',
        'pods is forbidden: User "limited" cannot create resource "pods" in API group "" in the namespace "default"',
        { kind: 'pods' },
      ],
      [
        'a patch',
        'PATCH',
        '/api/v1/namespaces/default/serviceaccounts/default',
        'serviceaccounts "default" is forbidden: User "limited" cannot patch resource "serviceaccounts" in API group "" in the namespace "default"',
        { name: 'default', kind: 'serviceaccounts' },
      ],
      [
        'an eviction',
        'POST',
        '/api/v1/namespaces/default/pods/some/eviction',
        'pods "some" is forbidden: User "limited" cannot create resource "pods/eviction" in API group "" in the namespace "default"',
        { name: 'some', kind: 'pods' },
      ],
      [
        'a delete',
        'DELETE',
        '/api/v1/namespaces/default/pods/some',
        'pods "some" is forbidden: User "limited" cannot delete resource "pods" in API group "" in the namespace "default"',
        { name: 'some', kind: 'pods' },
      ],
    ];
    for (const [title, method, path, message, details] of cases) {
      behaviour(`refuses ${title} with 403`, async () => {
        const body = method === 'GET' || method === 'DELETE' ? {} : { body: { metadata: { name: 'x' } } };
        const contentType = method === 'PATCH' ? { contentType: 'application/merge-patch+json' } : {};
        const answer = await running().request(method, path, { as: 'limited', ...body, ...contentType });
        expect(answer.body).toEqual({
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Failure',
          message,
          reason: 'Forbidden',
          details,
          code: 403,
        });
        expect(answer.status).toBe(403);
      });
    }

    behaviour('tells someone what they may do', async () => {
      const may = async (verb: string, resource: string, subresource?: string): Promise<boolean> => {
        const resourceAttributes = { verb, resource, namespace: 'default', ...(subresource === undefined ? {} : { subresource }) };
        const { status, body } = await running().request(
          'POST',
          '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews?fieldManager=podshift',
          {
            as: 'limited',
            body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } },
          },
        );
        expect([status, body.kind]).toEqual([201, 'SelfSubjectAccessReview']);
        return body.status.allowed;
      };
      expect([await may('list', 'configmaps'), await may('delete', 'configmaps'), await may('create', 'pods', 'eviction')]).toEqual([
        true,
        false,
        false,
      ]);
    });

    behaviour('tells someone who they are', async () => {
      const { status, body } = await running().request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
        as: 'limited',
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      });
      expect([status, body.status.userInfo.username]).toEqual([201, 'limited']);
      expect(body.status.userInfo.groups).toContain('system:authenticated');
    });

    behaviour('does not let anybody watch what they may not see', async () => {
      const { status, body } = await running().request('GET', '/api/v1/pods?watch=1', { as: 'limited' });
      expect([status, body.message]).toEqual([
        403,
        'pods is forbidden: User "limited" cannot watch resource "pods" in API group "" at the cluster scope',
      ]);
    });
  });
}
