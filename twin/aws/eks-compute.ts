import { AwsError } from './errors.ts';
import { paged, type RestRequest, type RestRoute, toSeconds } from './rest.ts';
import type { AwsState } from './state.ts';

/** EKS's operations over what runs the cluster's pods, and who may join it: all of it read from the snapshot, none of it changed. */
export function computeRoutes(state: AwsState): RestRoute[] {
  const { snapshot, cluster } = state;
  const route = (operation: string, path: string, run: RestRoute['run'], object: RestRoute['object'] = () => ''): RestRoute => ({
    operation,
    method: 'GET',
    path: `/clusters/{cluster}/${path}`,
    write: false,
    object,
    run,
  });
  const entries = (request: RestRequest) => {
    if (cluster.accessConfig?.authenticationMode === 'CONFIG_MAP')
      throw new AwsError(
        'InvalidRequestException',
        400,
        "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
      );
    return { principal: request.path.principal ?? '', all: snapshot.accessEntries };
  };
  const missing = (what: string) => new AwsError('ResourceNotFoundException', 404, what, { clusterName: cluster.name });
  return [
    route('ListFargateProfiles', 'fargate-profiles', (request) => {
      const names = state.fargateProfiles.map((profile) => profile.fargateProfileName);
      return paged(request, names, 'fargateProfileNames');
    }),
    route(
      'DescribeFargateProfile',
      'fargate-profiles/{profile}',
      ({ path }) => {
        const found = state.fargateProfiles.find((profile) => profile.fargateProfileName === path.profile);
        if (found === undefined) throw missing(`No Fargate Profile found with name: ${path.profile}.`);
        return { fargateProfile: toSeconds(found) };
      },
      ({ path }) => path.profile ?? '',
    ),
    route('ListNodegroups', 'node-groups', (request) => {
      const names = snapshot.nodegroups.map((group) => group.nodegroupName);
      return paged(request, names, 'nodegroups');
    }),
    route(
      'DescribeNodegroup',
      'node-groups/{group}',
      ({ path }) => {
        const found = snapshot.nodegroups.find((group) => group.nodegroupName === path.group);
        if (found === undefined) throw missing(`No node group found for name: ${path.group}.`);
        return { nodegroup: toSeconds(found) };
      },
      ({ path }) => path.group ?? '',
    ),
    route('ListAccessEntries', 'access-entries', (request) => {
      const principals = entries(request).all.map((entry) => entry.principalArn);
      return paged(request, principals, 'accessEntries');
    }),
    route(
      'DescribeAccessEntry',
      'access-entries/{principal}',
      (request) => {
        const { principal, all } = entries(request);
        const found = all.find((entry) => entry.principalArn === principal);
        if (found === undefined) throw missing(`The specified principalArn could not be found: ${principal}`);
        return { accessEntry: toSeconds(found) };
      },
      ({ path }) => path.principal ?? '',
    ),
  ];
}
