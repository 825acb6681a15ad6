import type { ResourceRequest } from './request-info.ts';
import { badRequest } from './status.ts';

/** RBAC in one answer. Subresources are `pods/eviction`; `user` is the caller's name. */
export type Authorize = (verb: string, resource: string, namespace: string | undefined, user: string) => boolean;

/** The verbs that show objects. */
export const READS: readonly string[] = ['get', 'list', 'watch'];

/** The answer to a review of the caller itself (`kubectl auth can-i`, `kubectl auth whoami`); undefined for any other request. What `isUnknown` may not be read. */
export function review(
  info: ResourceRequest,
  body: Record<string, unknown> | undefined,
  user: string,
  authorize: Authorize,
  isUnknown: (group: string, resource: string) => boolean,
): unknown {
  if (info.verb !== 'create') {
    return undefined;
  }
  const spec = body?.spec as { resourceAttributes?: Record<string, string> } | undefined;
  switch (`${info.group}/${info.resource}`) {
    case 'authorization.k8s.io/selfsubjectaccessreviews': {
      if (body === undefined) {
        throw badRequest('the review cannot be read');
      }
      const { verb = '*', group = '', resource = '*', subresource, namespace } = spec?.resourceAttributes ?? {};
      const allowed =
        spec?.resourceAttributes === undefined ||
        (authorize(verb, subresource ? `${resource}/${subresource}` : resource, namespace, user) &&
          !(READS.includes(verb) && isUnknown(group, resource)));
      return { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', metadata: {}, spec, status: { allowed } };
    }
    case 'authorization.k8s.io/selfsubjectrulesreviews': {
      const resourceRules = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }];
      const status = { resourceRules, nonResourceRules: [], incomplete: true };
      return { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', metadata: {}, spec, status };
    }
    case 'authentication.k8s.io/selfsubjectreviews': {
      const userInfo = { username: user, uid: user, groups: ['system:authenticated'] };
      return { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview', metadata: {}, status: { userInfo } };
    }
    default:
      return undefined;
  }
}
