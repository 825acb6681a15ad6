import type { DeploymentLimits } from '../model/deployment.ts';
import { DEFAULT_PROBE_IMAGE, type MigrationOptions, migrationOptions } from '../model/options.ts';
import type { Plan } from '../model/plan.ts';
import type { ClusterTarget } from '../model/run.ts';
import { globMatches } from '../trust/glob.ts';

/** One thing that was asked for and is outside of what a deployment allows. */
export interface Outside {
  /** The field by its path, such as `options.probeImage`. */
  readonly field: string;
  /** What it is outside of, with the parameter's name. */
  readonly message: string;
}

/** What is held against the limits: a cluster, and how it is gone about. */
export interface Limited {
  readonly target: ClusterTarget;
  readonly options: MigrationOptions;
}

/** Of an external id that a caller brings. */
export const NOT_THEIRS = 'not for a caller to say: the parameter externalId says it';

const DEFAULT_WAVE = migrationOptions.parse({}).waveSize;

/**
 * The options with what the deployer puts in place of defaults that are outside of the limits: the first image that is allowed, the
 * greatest wave. What a caller chose stays as it is, to be refused. Pure.
 */
export function withDeployersDefaults(options: MigrationOptions, { probeImages, greatestWave }: DeploymentLimits): MigrationOptions {
  const [image] = probeImages;
  const isDefaultImage = options.probeImage === DEFAULT_PROBE_IMAGE && !matches(probeImages, DEFAULT_PROBE_IMAGE);
  return {
    ...options,
    ...(isDefaultImage && image !== undefined && !/[*?]/.test(image) ? { probeImage: image } : {}),
    ...(options.waveSize === DEFAULT_WAVE ? { waveSize: Math.min(DEFAULT_WAVE, greatestWave) } : {}),
  };
}

/** All that a request for a run reaches for outside of the limits; empty where it is within. Pure: the API and OpenRun ask it alike. */
export function outsideLimits({ target, options }: Limited, limits: DeploymentLimits): Outside[] {
  return [...outsideTarget(target, limits), ...outsideOptions(options, limits)];
}

/** The part of {@link outsideLimits} that is about the cluster and the way to it. */
export function outsideTarget(target: ClusterTarget, limits: DeploymentLimits): Outside[] {
  const { clusterName, region, assumeRoleArn, externalId } = target;
  const [, account, role] = /^arn:[^:]+:iam::(\d{12}):role\/(.+)$/.exec(assumeRoleArn ?? '') ?? [];
  const found: Outside[] = [];
  if (assumeRoleArn !== null && !(role !== undefined && globMatches(limits.memberRole, role)))
    found.push(outside('target.assumeRoleArn', 'memberRoleName', [limits.memberRole]));
  if (!matches(limits.accounts, account ?? (assumeRoleArn === null ? 'self' : '')))
    found.push(outside('target.assumeRoleArn', 'allowedAccounts', limits.accounts));
  const place = `${account ?? 'self'}/${region}/${clusterName}`;
  if (!limits.clusters.some((pattern) => globMatches(pattern, pattern.includes('/') ? place : clusterName)))
    found.push(outside('target.clusterName', 'allowedClusters', limits.clusters));
  if (externalId !== undefined) found.push({ field: 'target.externalId', message: NOT_THEIRS });
  return found;
}

/** The part of {@link outsideLimits} that is about what is done in the cluster. */
export function outsideOptions(options: MigrationOptions, limits: DeploymentLimits): Outside[] {
  const found: Outside[] = [];
  if (!matches(limits.probeImages, options.probeImage)) found.push(outside('options.probeImage', 'allowedProbeImages', limits.probeImages));
  if (options.retireImage !== '' && !matches(limits.retireImages, options.retireImage))
    found.push(outside('options.retireImage', 'allowedRetireImages', limits.retireImages));
  if (options.waveSize > limits.greatestWave) found.push(outside('options.waveSize', 'greatestWave', [String(limits.greatestWave)]));
  return [...found, ...outsideNamespaces(options, limits), ...outsideTime(options, limits)];
}

/** Where not every namespace is allowed, a run names its own: what is left out of a request means all of them. */
function outsideNamespaces({ namespaces, serviceAccounts }: MigrationOptions, limits: DeploymentLimits): Outside[] {
  if (limits.namespaces.includes('*')) return [];
  const named = serviceAccounts.map((one) => one.slice(0, one.indexOf('/')));
  const isNone = namespaces.length === 0 && named.length === 0;
  const found: Outside[] = [];
  if (isNone || !namespaces.every((one) => matches(limits.namespaces, one)))
    found.push(outside('options.namespaces', 'allowedNamespaces', limits.namespaces));
  if (!named.every((one) => matches(limits.namespaces, one)))
    found.push(outside('options.serviceAccounts', 'allowedNamespaces', limits.namespaces));
  return found;
}

/** All that one unit may be waited for, one wait after the other. */
function outsideTime(options: MigrationOptions, { longestRunSeconds }: DeploymentLimits): Outside[] {
  const waits = {
    injectionChecks: options.injectionChecks * options.injectionIntervalSeconds,
    ...Object.fromEntries(TIMES.map((key) => [key, options[key]])),
  };
  const sum = Object.values(waits).reduce((total, seconds) => total + seconds, 0);
  const [[longest]] = Object.entries(waits).sort(([, a], [, b]) => b - a) as [[string, number]];
  const limit = [`${longestRunSeconds} s`];
  return [
    ...(sum > longestRunSeconds ? [outside(`options.${longest}`, 'longestRunSeconds', limit)] : []),
    ...(options.windowMinutes * 60 > longestRunSeconds ? [outside('options.windowMinutes', 'longestRunSeconds', limit)] : []),
  ];
}

const TIMES = [
  'iamPropagationSeconds',
  'injectionTimeoutSeconds',
  'proofTimeoutSeconds',
  'rolloutTimeoutSeconds',
  'agentTimeoutSeconds',
  'addonTimeoutSeconds',
  'undoTimeoutSeconds',
  'soakSeconds',
  'retireTimeoutSeconds',
] as const satisfies readonly (keyof MigrationOptions)[];

/**
 * All that a plan would touch outside of the limits: which roles and namespaces a cluster's service accounts have, no request says.
 * Empty where it is within. Pure.
 */
export function outsidePlan(plan: Plan, limits: DeploymentLimits): Outside[] {
  const migrating = plan.units.filter(({ decision }) => decision === 'migrate');
  const { retirement } = plan;
  const retiring = retirement?.decision === 'retire' ? retirement : undefined;
  const namespaces = [...migrating.map(({ namespace }) => namespace), ...(retiring?.daemons ?? []).map(({ namespace }) => namespace)];
  const roles = [
    ...migrating.flatMap(({ roleArn, addon }) => [roleArn, ...(addon?.after.associations ?? []).map((one) => one.roleArn)]),
    ...[...plan.roles, ...(retiring?.roles ?? [])].filter((role) => role.trustBefore !== role.trustAfter).map(({ roleArn }) => roleArn),
  ];
  const outer = (all: readonly string[], isInside: (one: string) => boolean): string[] =>
    [...new Set(all)].filter((one) => !isInside(one)).sort();
  return [
    ...outer(namespaces, (one) => matches(limits.namespaces, one)).map((one) =>
      outside(`namespace ${one}`, 'allowedNamespaces', limits.namespaces),
    ),
    ...outer(roles, (one) => isRole(limits.roles, one)).map((one) => outside(`role ${one}`, 'allowedRoles', limits.roles)),
  ];
}

function isRole(allowed: readonly string[], arn: string): boolean {
  const path = arn.slice(arn.indexOf(':role/') + ':role/'.length);
  return allowed.some((pattern) => globMatches(pattern, pattern.includes(':') ? arn : path));
}

function matches(allowed: readonly string[], text: string): boolean {
  return allowed.some((pattern) => globMatches(pattern, text));
}

function outside(field: string, parameter: string, allowed: readonly string[]): Outside {
  return { field, message: `outside of ${parameter} (${allowed.length === 0 ? 'none' : allowed.join(', ')})` };
}
