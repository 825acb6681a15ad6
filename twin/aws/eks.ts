import type { AddonInstalls } from './addon-installs.ts';
import type { AddonUpdates } from './addon-updates.ts';
import { addonAnswer, addonChange, newAddon, updateAnswer, wantedAssociations } from './addon-wire.ts';
import type { Addons } from './addons.ts';
import { clusterVersionsRoute } from './cluster-versions.ts';
import { associationRoutes } from './eks-associations.ts';
import { computeRoutes } from './eks-compute.ts';
import { AwsError } from './errors.ts';
import { needed, paged, type RestRequest, type RestRoute, toSeconds } from './rest.ts';
import type { AwsState } from './state.ts';

/** EKS's operations over the twin's cluster (Amazon EKS API reference, 2017-11-01). `endpoint` is asked late: it is known once the server listens. */
export function eksRoutes(
  state: AwsState,
  addons: Addons,
  installs: AddonInstalls,
  updates: AddonUpdates,
  endpoint: () => { readonly url: string; readonly certificateAuthority: string },
): RestRoute[] {
  const { name } = state.cluster;
  const checked =
    (run: RestRoute['run']): RestRoute['run'] =>
    (request) => {
      requireCluster(state, request.path.cluster ?? '');
      return run(request);
    };
  const route = (
    operation: string,
    method: string,
    path: string,
    run: RestRoute['run'],
    options: { write?: boolean; object?: RestRoute['object'] } = {},
  ): RestRoute => ({
    operation,
    method,
    path,
    write: options.write ?? false,
    object: options.object ?? (() => ''),
    run: path.includes('{cluster}') ? checked(run) : run,
  });
  const addonName = (request: RestRequest) => request.path.addon ?? '';
  const describeCluster = () => {
    const { url, certificateAuthority } = endpoint();
    const data = Buffer.from(certificateAuthority).toString('base64');
    const authority = { ...(state.cluster.certificateAuthority as object | undefined), data };
    return { cluster: toSeconds({ ...state.cluster, endpoint: url, certificateAuthority: authority }) };
  };
  return [
    route('ListClusters', 'GET', '/clusters', (request) => paged(request, [name], 'clusters')),
    route('DescribeCluster', 'GET', '/clusters/{cluster}', describeCluster, { object: (request) => request.path.cluster ?? '' }),
    clusterVersionsRoute(state),
    ...associationRoutes(state).map((one) => ({ ...one, run: checked(one.run) })),
    route('ListAddons', 'GET', '/clusters/{cluster}/addons', (request) => paged(request, addons.names(), 'addons')),
    route(
      'CreateAddon',
      'POST',
      '/clusters/{cluster}/addons',
      ({ body }) => ({ addon: addonAnswer(installs.start(newAddon(body), wantedAssociations(body) ?? [])) }),
      {
        write: true,
        object: ({ body }) => String(body.addonName ?? ''),
      },
    ),
    route('DescribeAddonVersions', 'GET', '/addons/supported-versions', (request) => describeAddonVersions(addons, request)),
    route('DescribeAddonConfiguration', 'GET', '/addons/configuration-schemas', ({ query }) => {
      const answer = addons.configuration(needed(query.get('addonName'), 'addonName'), needed(query.get('addonVersion'), 'addonVersion'));
      return { ...answer };
    }),
    route(
      'DescribeAddon',
      'GET',
      '/clusters/{cluster}/addons/{addon}',
      (request) => ({ addon: addonAnswer(addons.get(addonName(request))) }),
      { object: addonName },
    ),
    route(
      'DeleteAddon',
      'DELETE',
      '/clusters/{cluster}/addons/{addon}',
      (request) => ({ addon: addonAnswer(addons.delete(addonName(request), request.query.get('preserve') === 'true', 'request')) }),
      { write: true, object: addonName },
    ),
    route(
      'UpdateAddon',
      'POST',
      '/clusters/{cluster}/addons/{addon}/update',
      (request) => ({ update: updateAnswer(updates.start(addonName(request), addonChange(request.body))) }),
      { write: true, object: addonName },
    ),
    route('ListUpdates', 'GET', '/clusters/{cluster}/updates', (request) =>
      paged(request, updates.ids(request.query.get('addonName') ?? ''), 'updateIds'),
    ),
    route(
      'DescribeUpdate',
      'GET',
      '/clusters/{cluster}/updates/{update}',
      (request) => ({ update: updateAnswer(updates.get(request.path.update ?? '', request.query.get('addonName'))) }),
      { object: (request) => request.path.update ?? '' },
    ),
    ...computeRoutes(state).map((one) => ({ ...one, run: checked(one.run) })),
    route('ListTagsForResource', 'GET', '/tags/{arn}', (request) => ({ tags: { ...tagged(state, addons, request.path.arn ?? '').tags } }), {
      object: (request) => request.path.arn ?? '',
    }),
    route(
      'TagResource',
      'POST',
      '/tags/{arn}',
      (request) => {
        const found = tagged(state, addons, request.path.arn ?? '');
        found.write({ ...found.tags, ...(request.body.tags as Record<string, string> | undefined) });
        return {};
      },
      { write: true, object: (request) => request.path.arn ?? '' },
    ),
    route(
      'UntagResource',
      'DELETE',
      '/tags/{arn}',
      (request) => {
        const found = tagged(state, addons, request.path.arn ?? '');
        const gone = new Set(request.query.getAll('tagKeys'));
        found.write(Object.fromEntries(Object.entries(found.tags).filter(([key]) => !gone.has(key))));
        return {};
      },
      { write: true, object: (request) => request.path.arn ?? '' },
    ),
  ];
}

function requireCluster(state: AwsState, cluster: string): void {
  if (cluster !== state.cluster.name)
    throw new AwsError('ResourceNotFoundException', 404, `No cluster found for name: ${cluster}.`, { clusterName: cluster });
}

function describeAddonVersions(addons: Addons, request: RestRequest): Record<string, unknown> {
  const addonName = request.query.get('addonName');
  const kubernetesVersion = request.query.get('kubernetesVersion');
  const types = request.query.getAll('types');
  const found = addons
    .versions()
    .filter((addon) => (addonName === null || addon.addonName === addonName) && (types.length === 0 || types.includes(String(addon.type))))
    .map((addon) => ({
      ...addon,
      addonVersions: addon.addonVersions
        .map((version) => ({
          ...version,
          compatibilities: version.compatibilities.filter((one) => kubernetesVersion === null || one.clusterVersion === kubernetesVersion),
        }))
        .filter((version) => kubernetesVersion === null || version.compatibilities.length > 0),
    }))
    .filter((addon) => addon.addonVersions.length > 0);
  return paged(request, found, 'addons');
}

function tagged(
  state: AwsState,
  addons: Addons,
  arn: string,
): { readonly tags: Readonly<Record<string, string>>; write(tags: Record<string, string>): void } {
  const association = [...state.associations.values()].find((one) => one.associationArn === arn);
  if (association !== undefined) {
    return {
      tags: association.tags,
      write: (tags) => {
        association.tags = tags;
        state.emit({ kind: 'association-updated', by: 'request', association });
      },
    };
  }
  const addon = addons
    .names()
    .map((name) => addons.get(name))
    .find((one) => one.addonArn === arn);
  if (addon !== undefined) return { tags: addon.tags, write: (tags) => addons.replace({ ...addon, tags }, 'request') };
  throw new AwsError('NotFoundException', 404, `The requested resource could not be found: ${arn}`);
}
