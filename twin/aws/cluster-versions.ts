import { AwsError } from './errors.ts';
import { paged, type RestRequest, type RestRoute } from './rest.ts';
import type { AwsState } from './state.ts';

/** When EKS released each version of Kubernetes (Amazon EKS user guide, release calendar). */
const RELEASED: Readonly<Record<string, string>> = {
  '1.23': '2022-08-11',
  '1.24': '2022-11-15',
  '1.25': '2023-02-21',
  '1.26': '2023-04-11',
  '1.27': '2023-05-24',
  '1.28': '2023-09-26',
  '1.29': '2024-01-23',
  '1.30': '2024-05-23',
  '1.31': '2024-09-26',
  '1.32': '2025-01-23',
  '1.33': '2025-05-29',
  '1.34': '2025-10-02',
  '1.35': '2026-01-27',
};

/** Months of standard support from the release, and of standard and extended support together (Amazon EKS user guide). */
const STANDARD_MONTHS = 14;
const WHOLE_MONTHS = 26;

/** A version of Kubernetes as DescribeClusterVersions shows it. */
interface ClusterVersion {
  readonly clusterVersion: string;
  readonly clusterType: string;
  readonly defaultPlatformVersion: string;
  readonly defaultVersion: boolean;
  readonly releaseDate?: number;
  readonly endOfStandardSupportDate?: number;
  readonly endOfExtendedSupportDate?: number;
  readonly status: string;
  readonly versionStatus: string;
  readonly kubernetesPatchVersion: string;
}

/** DescribeClusterVersions (Amazon EKS API reference): what EKS offers at the twin's time, and always the cluster's own version. */
export function clusterVersionsRoute(state: AwsState): RestRoute {
  return {
    operation: 'DescribeClusterVersions',
    method: 'GET',
    path: '/cluster-versions',
    write: false,
    object: () => '',
    run: (request) => paged(request, wanted(clusterVersions(state.cluster, state.clock.now()), request), 'clusterVersions'),
  };
}

function wanted(all: readonly ClusterVersion[], { query }: RestRequest): readonly ClusterVersion[] {
  const named = query.getAll('clusterVersions');
  const status = query.get('versionStatus') ?? query.get('status')?.toUpperCase().replaceAll('-', '_') ?? null;
  if (status !== null && !all.some(({ versionStatus }) => versionStatus === status) && !STATUSES.has(status))
    throw new AwsError('InvalidParameterException', 400, `versionStatus must be one of ${[...STATUSES].join(', ')}`);
  const isShown = ({ versionStatus }: ClusterVersion) =>
    status !== null ? versionStatus === status : named.length > 0 || query.get('includeAll') === 'true' || versionStatus !== 'UNSUPPORTED';
  return all
    .filter(isShown)
    .filter(({ clusterVersion }) => named.length === 0 || named.includes(clusterVersion))
    .filter(({ clusterType }) => [clusterType, null].includes(query.get('clusterType')))
    .filter(({ defaultVersion }) => query.get('defaultOnly') !== 'true' || defaultVersion);
}

const STATUSES = new Set(['STANDARD_SUPPORT', 'EXTENDED_SUPPORT', 'UNSUPPORTED']);

/** All versions that are out by `now`, milliseconds, newest first. */
export function clusterVersions(cluster: { readonly version: string; readonly platformVersion?: unknown }, now: number): ClusterVersion[] {
  const released = Object.entries(RELEASED).filter(([, date]) => Date.parse(date) <= now);
  const names = [...new Set([...released.map(([version]) => version), ...(cluster.version === '' ? [] : [cluster.version])])];
  const newest = names.sort((a, b) => minorOf(b) - minorOf(a));
  const isOwn = (version: string) => version === cluster.version;
  return newest.map((clusterVersion, index) => {
    const versionStatus = statusOf(clusterVersion, now, isOwn(clusterVersion));
    const date = RELEASED[clusterVersion];
    return {
      clusterVersion,
      clusterType: 'eks',
      defaultPlatformVersion: isOwn(clusterVersion) && typeof cluster.platformVersion === 'string' ? cluster.platformVersion : 'eks.1',
      defaultVersion: index === 0,
      ...(date === undefined
        ? {}
        : {
            releaseDate: Date.parse(date) / 1000,
            endOfStandardSupportDate: monthsAfter(date, STANDARD_MONTHS) / 1000,
            endOfExtendedSupportDate: monthsAfter(date, WHOLE_MONTHS) / 1000,
          }),
      status: versionStatus.toLowerCase().replaceAll('_', '-'),
      versionStatus,
      kubernetesPatchVersion: `${clusterVersion}.0`,
    };
  });
}

/** EKS upgrades clusters whose version is past its end: one that is there is under extended support at the least. */
function statusOf(version: string, now: number, isOwn: boolean): string {
  const date = RELEASED[version];
  if (date === undefined || now < monthsAfter(date, STANDARD_MONTHS)) return 'STANDARD_SUPPORT';
  return isOwn || now < monthsAfter(date, WHOLE_MONTHS) ? 'EXTENDED_SUPPORT' : 'UNSUPPORTED';
}

function monthsAfter(date: string, months: number): number {
  const end = new Date(date);
  end.setUTCMonth(end.getUTCMonth() + months);
  return end.getTime();
}

function minorOf(version: string): number {
  return Number(version.split('.')[1] ?? 0);
}
