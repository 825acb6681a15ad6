import type { PodIdentityRequest, RoleRequest, WebIdentityRequest } from './types.ts';

/** The service principal of EKS Pod Identity, in every partition. */
export const POD_IDENTITY_SERVICE = 'pods.eks.amazonaws.com';

/** What is known of a condition key of one call: known to be absent, there with an unknown value, wholly unknown, or known. */
export type ContextValue =
  | { readonly state: 'absent' }
  | { readonly state: 'present' }
  | { readonly state: 'unknown' }
  | { readonly state: 'known'; readonly values: readonly string[]; readonly multivalued: boolean };

/** What a call offers to the conditions; keys come in lower case, since they are case-insensitive. */
export type Context = (key: string) => ContextValue;

/** One call to STS: whoever makes it, by which actions, with which context. Each action must be allowed. */
export interface Call {
  readonly principalType: 'Service' | 'Federated' | 'AWS';
  readonly principal: string;
  /** In lower case. */
  readonly actions: readonly string[];
  readonly context: Context;
}

const ABSENT: ContextValue = { state: 'absent' };
const PRESENT: ContextValue = { state: 'present' };
const UNKNOWN: ContextValue = { state: 'unknown' };

const TAG_KEYS: ContextValue = {
  state: 'known',
  multivalued: true,
  values: [
    'eks-cluster-arn',
    'eks-cluster-name',
    'kubernetes-namespace',
    'kubernetes-service-account',
    'kubernetes-pod-name',
    'kubernetes-pod-uid',
  ],
};

/** Keys that no call of a service principal carries: they tell of a network or of an IAM principal (IAM user guide, "AWS global condition context keys"). */
const ABSENT_FOR_SERVICES: ReadonlySet<string> = new Set([
  'aws:federatedprovider',
  'aws:multifactorauthage',
  'aws:multifactorauthpresent',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:sourceip',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:vpcsourceip',
]);

/** Keys that no unsigned web identity call carries: there is no IAM principal yet, and no calling service. */
const ABSENT_FOR_WEB_IDENTITY: ReadonlySet<string> = new Set([
  'aws:multifactorauthage',
  'aws:multifactorauthpresent',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:principalservicename',
  'aws:sourceaccount',
  'aws:sourcearn',
  'aws:sourceorgid',
  'aws:sourceorgpaths',
  'aws:tagkeys',
  'sts:transitivetagkeys',
]);

function one(value: string): ContextValue {
  return { state: 'known', values: [value], multivalued: false };
}

/** Whether a key is one that only an identity provider fills: a claim of a token. */
function isTokenClaim(key: string): boolean {
  return /:(sub|aud|amr)$/.test(key);
}

/**
 * What every call to STS has alike: its endpoints take TLS alone, and no service forwards these calls (IAM user guide, "AWS global
 * condition context keys"). Undefined for any other key.
 */
function everyCall(key: string, region: string | undefined): ContextValue | undefined {
  if (key === 'aws:securetransport') return one('true');
  if (key === 'aws:viaawsservice') return one('false');
  return key === 'aws:requestedregion' && region !== undefined ? one(region) : undefined;
}

/**
 * The call that EKS makes for a pod (EKS user guide, "Create IAM role with trust policy required by EKS Pod Identity" and
 * "Grant Pods access to AWS resources based on tags"). Both actions are asked for even without session tags: EKS takes no
 * association with a role that lacks one of them.
 */
export function podIdentityCall(request: PodIdentityRequest): Call {
  const context: Context = (key) => {
    if (key.startsWith('aws:requesttag/')) return request.sessionTags ? requestTag(request, key.slice('aws:requesttag/'.length)) : ABSENT;
    if (key.startsWith('aws:principaltag/') || ABSENT_FOR_SERVICES.has(key) || isTokenClaim(key)) return ABSENT;
    switch (key) {
      case 'aws:sourceaccount':
        return one(request.accountId);
      case 'aws:sourcearn':
        return one(request.clusterArn);
      case 'aws:principalisawsservice':
        return one('true');
      case 'aws:principalservicename':
        return one(POD_IDENTITY_SERVICE);
      case 'aws:tagkeys':
      case 'sts:transitivetagkeys':
        return request.sessionTags ? TAG_KEYS : ABSENT;
      case 'sts:rolesessionname':
        return PRESENT;
      default:
        // EKS Auth asks in the cluster's own region.
        return everyCall(key, request.clusterArn.split(':')[3]) ?? UNKNOWN;
    }
  };
  return { principalType: 'Service', principal: POD_IDENTITY_SERVICE, actions: ['sts:assumerole', 'sts:tagsession'], context };
}

function requestTag(request: PodIdentityRequest, tag: string): ContextValue {
  switch (tag) {
    case 'eks-cluster-arn':
      return one(request.clusterArn);
    case 'eks-cluster-name':
      return one(request.clusterName);
    case 'kubernetes-namespace':
      return one(request.namespace);
    case 'kubernetes-service-account':
      return one(request.serviceAccount);
    case 'kubernetes-pod-name':
    case 'kubernetes-pod-uid':
      return PRESENT;
    default:
      return ABSENT;
  }
}

/** The issuer as IAM writes it in ARNs and condition keys: without its scheme. */
export function bareIssuer(issuer: string): string {
  return issuer.replace(/^https:\/\//, '');
}

/** The call of an SDK with a service account's token; without an audience, whatever the token says. */
export function webIdentityCall(request: Omit<WebIdentityRequest, 'audience'> & { readonly audience?: string }): Call {
  const issuer = bareIssuer(request.issuer).toLowerCase();
  const context: Context = (key) => {
    if (key === `${issuer}:sub`) return one(request.subject);
    if (key === `${issuer}:aud`) return request.audience === undefined ? PRESENT : one(request.audience);
    if (key === 'aws:federatedprovider') return one(request.providerArn);
    if (key === 'aws:principalisawsservice') return one('false');
    if (key === 'sts:rolesessionname') return PRESENT;
    if (key.startsWith('aws:requesttag/') || key.startsWith('aws:principaltag/') || ABSENT_FOR_WEB_IDENTITY.has(key)) return ABSENT;
    if (isTokenClaim(key) && !key.startsWith(`${issuer}:`)) return ABSENT;
    return everyCall(key, request.region) ?? UNKNOWN;
  };
  return { principalType: 'Federated', principal: request.providerArn, actions: ['sts:assumerolewithwebidentity'], context };
}

/** Keys that no call of a role of an instance profile carries here: kube2iam and kiam send no tags, and no service calls for them. */
const ABSENT_FOR_ROLES: ReadonlySet<string> = new Set([
  'aws:federatedprovider',
  'aws:principalservicename',
  'aws:sourceaccount',
  'aws:sourcearn',
  'aws:sourceorgid',
  'aws:sourceorgpaths',
  'aws:tagkeys',
  'sts:externalid',
  'sts:transitivetagkeys',
]);

/** The call of a daemon or an application that runs as an IAM role (IAM user guide, "AWS global condition context keys"). */
export function roleCall({ principalArn, principalTags, tagged = false }: RoleRequest): Call {
  const tags = new Map(Object.entries(principalTags ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  const context: Context = (key) => {
    if (tagged && (key.startsWith('aws:requesttag/') || key === 'aws:tagkeys' || key === 'sts:transitivetagkeys')) return UNKNOWN;
    if (key === 'aws:principalarn') return one(principalArn);
    if (key === 'aws:principalaccount') return one(accountOf(principalArn));
    if (key === 'aws:principaltype') return one('AssumedRole');
    if (key === 'aws:principalisawsservice') return one('false');
    if (key === 'sts:rolesessionname') return PRESENT;
    if (key.startsWith('aws:requesttag/') || ABSENT_FOR_ROLES.has(key) || isTokenClaim(key)) return ABSENT;
    if (key.startsWith('aws:principaltag/') && principalTags !== undefined) {
      const value = tags.get(key.slice('aws:principaltag/'.length));
      return value === undefined ? ABSENT : one(value);
    }
    return everyCall(key, undefined) ?? UNKNOWN;
  };
  return { principalType: 'AWS', principal: principalArn, actions: [tagged ? 'sts:tagsession' : 'sts:assumerole'], context };
}

/** The account of an ARN, which has six parts. */
export function accountOf(arn: string): string {
  return arn.split(':').at(4) as string;
}
