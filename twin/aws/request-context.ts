import { PODS_SERVICE } from './records.ts';
import type { AwsState } from './state.ts';
import type { Context } from './trust-conditions.ts';

/** What a session asks of STS beside its role. */
export interface SessionRequest {
  readonly sessionName?: string | undefined;
  readonly durationSeconds?: number | undefined;
  readonly externalId?: string | undefined;
}

/** The address that the cluster's nodes call from, as CloudTrail's events have it too. */
const NODE_ADDRESS = '10.0.0.1';

/**
 * Condition keys that every call to STS carries (IAM User Guide, "AWS global condition context keys"). Those of an organisation are not
 * among them: a snapshot does not tell whether the account is in one.
 */
function everyCall(state: AwsState, at: number, { sessionName, durationSeconds }: SessionRequest): Record<string, string> {
  return {
    'aws:currenttime': new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z'),
    'aws:epochtime': String(Math.floor(at / 1000)),
    'aws:requestedregion': state.region,
    'aws:securetransport': 'true',
    'aws:viaawsservice': 'false',
    ...(sessionName === undefined ? {} : { 'sts:rolesessionname': sessionName }),
    ...(durationSeconds === undefined ? {} : { 'sts:durationseconds': String(durationSeconds) }),
  };
}

/**
 * The keys of EKS's call for a pod; without tags none of the `aws:RequestTag` keys are there (EKS user guide: pod-id-role). A service's
 * own call has no source address.
 */
export function podIdentityContext(
  state: AwsState,
  at: number,
  tags: Readonly<Record<string, string>> | undefined,
  sessionName?: string,
): Record<string, string | readonly string[]> {
  const context: Record<string, string | readonly string[]> = {
    ...everyCall(state, at, { sessionName, durationSeconds: 21_600 }),
    'aws:sourceaccount': state.accountId,
    'aws:sourcearn': state.clusterArn,
    'aws:principalisawsservice': 'true',
    'aws:principalservicename': PODS_SERVICE,
    'aws:principalservicenameslist': [PODS_SERVICE],
    'aws:useragent': PODS_SERVICE,
  };
  if (tags === undefined) return context;
  for (const [key, value] of Object.entries(tags)) context[`aws:requesttag/${key}`] = value;
  context['aws:tagkeys'] = Object.keys(tags);
  context['sts:transitivetagkeys'] = Object.keys(tags);
  return context;
}

/** The keys of a call with a service account's token, which no IAM principal signs. */
export function webIdentityContext(
  state: AwsState,
  at: number,
  claims: { readonly issuer: string; readonly subject: string; readonly audience: string; readonly provider: string },
  session: SessionRequest = {},
): Context {
  const host = claims.issuer.replace(/^https:\/\//, '').toLowerCase();
  return {
    ...everyCall(state, at, session),
    [`${host}:sub`]: claims.subject,
    [`${host}:aud`]: claims.audience,
    'aws:federatedprovider': claims.provider,
    'aws:principalisawsservice': 'false',
    'aws:sourceip': NODE_ADDRESS,
    'aws:useragent': 'aws-sdk',
  };
}

/** The keys of a call that runs as a role: a daemon's, an application's, or an operator's. */
export function roleContext(state: AwsState, at: number, principalArn: string, session: SessionRequest = {}): Context {
  const tags = state.roleByArn(principalArn)?.description.Tags ?? [];
  return {
    ...everyCall(state, at, session),
    ...Object.fromEntries(tags.map(({ Key, Value }) => [`aws:principaltag/${Key.toLowerCase()}`, Value])),
    'aws:principalarn': principalArn,
    'aws:principalaccount': principalArn.split(':')[4] ?? '',
    'aws:principaltype': 'AssumedRole',
    'aws:principalisawsservice': 'false',
    'aws:multifactorauthpresent': 'false',
    'aws:sourceip': NODE_ADDRESS,
    'aws:useragent': 'aws-sdk',
    ...(session.externalId === undefined ? {} : { 'sts:externalid': session.externalId }),
  };
}
