import { AwsError } from './errors.ts';
import type { AssociationState } from './records.ts';
import { needed, paged, type RestRequest, type RestRoute } from './rest.ts';
import type { AwsState } from './state.ts';

const BASE = '/clusters/{cluster}/pod-identity-associations';

/** The operations on Pod Identity associations (Amazon EKS API reference). */
export function associationRoutes(state: AwsState): RestRoute[] {
  const find = (request: RestRequest, known: readonly AssociationState[] = [...state.associations.values()]): AssociationState => {
    const id = request.path.association ?? '';
    const found = known.find((one) => one.associationId === id);
    if (found === undefined) {
      throw new AwsError('ResourceNotFoundException', 404, `Association could not be found with associationId: ${id}`, {
        clusterName: state.cluster.name,
      });
    }
    return found;
  };
  const id = (request: RestRequest) => request.path.association ?? '';
  return [
    {
      operation: 'ListPodIdentityAssociations',
      method: 'GET',
      path: BASE,
      write: false,
      object: () => '',
      run: (request) => list(state, request),
    },
    {
      operation: 'CreatePodIdentityAssociation',
      method: 'POST',
      path: BASE,
      write: true,
      object: ({ body }) => `${String(body.namespace ?? '')}/${String(body.serviceAccount ?? '')}`,
      run: ({ body }) => ({ association: describe(state, state.createAssociation(readNew(body), 'request')) }),
    },
    {
      operation: 'DescribePodIdentityAssociation',
      method: 'GET',
      path: `${BASE}/{association}`,
      write: false,
      object: id,
      run: (request) => ({ association: describe(state, find(request, state.readAssociations())) }),
    },
    {
      operation: 'UpdatePodIdentityAssociation',
      method: 'POST',
      path: `${BASE}/{association}`,
      write: true,
      object: id,
      run: (request) => {
        const association = find(request);
        const change = readChange(request.body);
        if (Object.values(change).every((value) => value === undefined))
          throw new AwsError('InvalidParameterException', 400, 'No changes needed for the association');
        state.updateAssociation(association, change, 'request');
        return { association: describe(state, association) };
      },
    },
    {
      operation: 'DeletePodIdentityAssociation',
      method: 'DELETE',
      path: `${BASE}/{association}`,
      write: true,
      object: id,
      run: (request) => {
        const association = find(request);
        state.deleteAssociation(association, 'request');
        return { association: describe(state, association) };
      },
    },
  ];
}

function list(state: AwsState, request: RestRequest): Record<string, unknown> {
  const namespace = request.query.get('namespace');
  const serviceAccount = request.query.get('serviceAccount');
  const found = state
    .readAssociations()
    .filter(
      (one) => (namespace === null || one.namespace === namespace) && (serviceAccount === null || one.serviceAccount === serviceAccount),
    )
    .sort((left, right) => (left.associationId < right.associationId ? -1 : 1));
  return paged(
    request,
    found.map((one) => ({
      clusterName: state.cluster.name,
      namespace: one.namespace,
      serviceAccount: one.serviceAccount,
      associationArn: one.associationArn,
      associationId: one.associationId,
      ...(one.ownerArn === undefined ? {} : { ownerArn: one.ownerArn }),
    })),
    'associations',
  );
}

function describe(state: AwsState, one: AssociationState): Record<string, unknown> {
  // With tags disabled EKS passes an external id on the way to a target role (EKS user guide: pod-id-assign-target-role).
  const externalId =
    one.targetRoleArn === undefined || !one.disableSessionTags
      ? undefined
      : `${state.region}/${state.accountId}/${state.cluster.name}/${one.namespace}/${one.serviceAccount}`;
  const seconds = (milliseconds: number) => (Number.isFinite(milliseconds) ? milliseconds / 1000 : 0);
  return {
    clusterName: state.cluster.name,
    namespace: one.namespace,
    serviceAccount: one.serviceAccount,
    roleArn: one.roleArn,
    associationArn: one.associationArn,
    associationId: one.associationId,
    tags: one.tags,
    createdAt: seconds(one.createdAt),
    modifiedAt: seconds(one.modifiedAt),
    ...(one.ownerArn === undefined ? {} : { ownerArn: one.ownerArn }),
    disableSessionTags: one.disableSessionTags,
    ...(one.targetRoleArn === undefined ? {} : { targetRoleArn: one.targetRoleArn }),
    ...(externalId === undefined ? {} : { externalId }),
    ...(one.policy === undefined ? {} : { policy: one.policy }),
  };
}

function readChange(body: RestRequest['body']) {
  const text = (name: string) => (typeof body[name] === 'string' && body[name] !== '' ? (body[name] as string) : undefined);
  return {
    roleArn: text('roleArn'),
    targetRoleArn: text('targetRoleArn'),
    policy: text('policy'),
    disableSessionTags: typeof body.disableSessionTags === 'boolean' ? body.disableSessionTags : undefined,
  };
}

function readNew(body: RestRequest['body']) {
  const tags = (body.tags ?? {}) as Record<string, string>;
  if (Object.keys(tags).length > 50) throw new AwsError('InvalidParameterException', 400, 'The number of tags exceeds 50');
  for (const [key, value] of Object.entries(tags)) {
    if (key.length < 1 || key.length > 128 || value.length > 256 || key.startsWith('aws:'))
      throw new AwsError('InvalidParameterException', 400, `Invalid tag: ${key}`);
  }
  return {
    ...readChange(body),
    namespace: needed(body.namespace, 'namespace'),
    serviceAccount: needed(body.serviceAccount, 'serviceAccount'),
    roleArn: needed(body.roleArn, 'roleArn'),
    clientRequestToken: typeof body.clientRequestToken === 'string' ? body.clientRequestToken : undefined,
    tags,
  };
}
