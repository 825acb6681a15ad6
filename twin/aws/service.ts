import type { DescribedRequest, TwinHttpReply, TwinHttpRequest, TwinHttpService } from '../server.ts';
import type { AddonInstalls } from './addon-installs.ts';
import type { AddonUpdates } from './addon-updates.ts';
import type { Addons } from './addons.ts';
import { cloudFormationActions } from './cloudformation.ts';
import { lookupEvents } from './cloudtrail.ts';
import type { CloudTrailLog } from './cloudtrail-log.ts';
import { eksRoutes } from './eks.ts';
import { readSignature } from './eks-token.ts';
import { AwsError, type AwsReply, type AwsService, errorReply, faultError, type QueryService, queryReply, throttled } from './errors.ts';
import { iamActions, type QueryAction } from './iam.ts';
import { uuidOf } from './ids.ts';
import { protocolError, protocolOf, unknownService } from './other-services.ts';
import { simulatePrincipalPolicy } from './policy-simulation.ts';
import type { Principal, Principals } from './principals.ts';
import type { RestRequest, RestRoute } from './rest.ts';
import type { AwsState } from './state.ts';
import { stsActions } from './sts.ts';
import type { TokenBuckets } from './token-buckets.ts';

/** What the AWS endpoint is made of. */
export interface AwsServiceSettings {
  readonly state: AwsState;
  readonly addons: Addons;
  readonly installs: AddonInstalls;
  readonly updates: AddonUpdates;
  readonly principals: Principals;
  readonly trail: CloudTrailLog;
  readonly buckets: TokenBuckets;
  /** The Kubernetes endpoint and its authority (PEM), once it listens. */
  readonly kubernetes: () => { readonly url: string; readonly certificateAuthority: string };
  /** Called ahead of LookupEvents: brings the trail up to date with what pods do by themselves. */
  readonly refreshTrail: () => void;
  /** Called ahead of each call that is carried out, with who asks for it. */
  readonly calledBy: (principal: Principal | undefined) => void;
}

interface Call {
  readonly service: AwsService;
  readonly operation: string;
  readonly object: string;
  readonly write: boolean;
  /** Answers or throws an `AwsError`. */
  readonly run: (requestId: string) => AwsReply;
  /** An error in its service's protocol. */
  readonly failed: (error: AwsError, requestId: string) => AwsReply;
}

/** Signing names of the services that the twin has. */
const KNOWN: ReadonlySet<string> = new Set(['eks', 'iam', 'sts', 'cloudtrail', 'cloudformation']);

/** Versions of query services, by which an unsigned request is told. */
const QUERY_VERSIONS: Readonly<Record<string, QueryService>> = { '2010-05-08': 'iam', '2010-05-15': 'cloudformation' };

// The JavaScript SDK sends the short form, boto3 and the AWS CLI the one with the package ahead.
const CLOUDTRAIL_TARGET = /^(?:com\.amazonaws\.cloudtrail\.v20131101\.)?CloudTrail_20131101\.(\w+)$/;

/** EKS, IAM, STS, CloudTrail and CloudFormation on one endpoint, told apart as AWS clients sign them. */
export function createAwsService(settings: AwsServiceSettings): TwinHttpService {
  const routes = eksRoutes(settings.state, settings.addons, settings.installs, settings.updates, settings.kubernetes).map((route) => ({
    route,
    match: matcher(route.path),
  }));
  // One request is described and handled: what was worked out for the one serves the other.
  const calls = new WeakMap<TwinHttpRequest, Call>();
  const callOf = (request: TwinHttpRequest): Call => {
    const known = calls.get(request);
    if (known !== undefined) return known;
    const made = identify(settings, routes, request);
    calls.set(request, made);
    return made;
  };
  let count = 0;
  return {
    describe: (request): DescribedRequest => {
      const { service, operation, object, write } = callOf(request);
      const principal = principalOf(settings, request)?.canonicalArn;
      return { service, operation, object, write, ...(principal === undefined ? {} : { principal }) };
    },
    handle: (request): TwinHttpReply => {
      const call = callOf(request);
      count += 1;
      const requestId = uuidOf(`${settings.state.clusterArn}/request/${count}`);
      try {
        if (!settings.buckets.take(call.service, regionOf(call, request))) throw throttled(call.service);
        settings.calledBy(principalOf(settings, request));
        return call.run(requestId);
      } catch (error) {
        if (error instanceof AwsError) return call.failed(error, requestId);
        throw error;
      }
    },
    fault: (kind, request): TwinHttpReply => {
      const { service, failed } = callOf(request);
      const error = faultError(service, { kind, when: 'before' });
      if (error === undefined) throw new TypeError(`no answer for a fault of kind ${kind}`);
      return failed(error, uuidOf(`${settings.state.clusterArn}/fault/${count}`));
    },
  };
}

/** CloudTrail is asked in the cluster's region and in that of IAM's events, each of which has a rate of its own. */
function regionOf({ service }: Call, request: TwinHttpRequest): string | undefined {
  return service === 'cloudtrail' ? readSignature(request.headers, request.url.searchParams)?.region : undefined;
}

function principalOf({ principals }: AwsServiceSettings, request: TwinHttpRequest): Principal | undefined {
  return principals.find(readSignature(request.headers, request.url.searchParams)?.accessKeyId ?? '');
}

function identify(settings: AwsServiceSettings, routes: readonly { route: RestRoute; match: Matcher }[], request: TwinHttpRequest): Call {
  const signature = readSignature(request.headers, request.url.searchParams);
  const target = String(request.headers['x-amz-target'] ?? '');
  const trailOperation = CLOUDTRAIL_TARGET.exec(target)?.[1];
  if (trailOperation !== undefined) {
    return authorised(settings, signature?.accessKeyId, 'cloudtrail', cloudTrailCall(settings, trailOperation, request, signature?.region));
  }
  const parameters = queryParameters(request);
  const action = parameters.get('Action');
  if (signature !== undefined && !KNOWN.has(signature.service)) return otherCall(request, signature.service, action);
  if (action !== null) {
    const service = queryServiceOf(signature?.service, parameters.get('Version'));
    const call = queryCall(settings, service, action, parameters, signature?.accessKeyId);
    // A web identity's token is its credential: this one action is not signed.
    return service === 'sts' && action === 'AssumeRoleWithWebIdentity' ? call : authorised(settings, signature?.accessKeyId, service, call);
  }
  if (signature?.service === 'cloudtrail')
    return authorised(settings, signature.accessKeyId, 'cloudtrail', unknownCall('cloudtrail', target));
  return authorised(settings, signature?.accessKeyId, 'eks', restCall(routes, request));
}

function queryServiceOf(signed: string | undefined, version: string | null): QueryService {
  if (signed === 'iam' || signed === 'cloudformation') return signed;
  return (version === null ? undefined : QUERY_VERSIONS[version]) ?? 'sts';
}

/** A call of a service that the twin does not have, whoever asks. */
function otherCall(request: TwinHttpRequest, service: string, action: string | null): Call {
  const target = request.headers['x-amz-target'];
  const operation = action ?? String(target ?? `${request.method} ${request.url.pathname}`).replace(/^.*\./, '');
  const protocol = protocolOf({ service, headers: request.headers, action });
  const contentType = request.headers['content-type'] ?? '';
  return {
    service: 'other',
    operation: `${service} ${operation}`,
    object: '',
    write: false,
    run: () => {
      throw unknownService(service, operation, protocol);
    },
    failed: (error, requestId) => protocolError(protocol, error, requestId, contentType),
  };
}

/** An error as the service itself says it. */
function failedBy(service: AwsService): Call['failed'] {
  return (error, requestId) => errorReply(service, error, requestId);
}

/** The same call for a key that the twin gave out; for any other, the refusal in the service's own words. */
function authorised(settings: AwsServiceSettings, accessKeyId: string | undefined, service: AwsService, call: Call): Call {
  if (accessKeyId !== undefined && settings.principals.find(accessKeyId) !== undefined) return call;
  const rest = service === 'eks' || service === 'cloudtrail';
  const error =
    accessKeyId === undefined
      ? new AwsError(rest ? 'MissingAuthenticationTokenException' : 'MissingAuthenticationToken', 403, 'Missing Authentication Token')
      : new AwsError(
          rest ? 'UnrecognizedClientException' : 'InvalidClientTokenId',
          403,
          'The security token included in the request is invalid.',
        );
  return {
    ...call,
    run: () => {
      throw error;
    },
  };
}

function cloudTrailCall(settings: AwsServiceSettings, operation: string, request: TwinHttpRequest, region: string | undefined): Call {
  if (operation !== 'LookupEvents') return unknownCall('cloudtrail', operation);
  const run = (requestId: string): AwsReply => ({
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestId },
    body: JSON.stringify(lookupEvents(settings.state, settings.trail, settings.refreshTrail, request.body, region)),
  });
  return { service: 'cloudtrail', operation, object: '', write: false, run, failed: failedBy('cloudtrail') };
}

function queryCall(
  settings: AwsServiceSettings,
  service: QueryService,
  action: string,
  parameters: URLSearchParams,
  accessKeyId: string | undefined,
): Call {
  const caller = accessKeyId === undefined ? undefined : settings.principals.find(accessKeyId);
  const actions: Readonly<Record<string, QueryAction>> = {
    iam: () => ({ ...iamActions(settings.state), SimulatePrincipalPolicy: simulatePrincipalPolicy(settings.state) }),
    sts: () => stsActions(settings.state, settings.principals, caller),
    cloudformation: cloudFormationActions,
  }[service]();
  const found = actions[action];
  if (found === undefined) return unknownCall(service, action);
  const run = (requestId: string): AwsReply => queryReply(service, action, found.run(parameters), requestId);
  return { service, operation: action, object: found.object?.(parameters) ?? '', write: found.write, run, failed: failedBy(service) };
}

function restCall(routes: readonly { route: RestRoute; match: Matcher }[], request: TwinHttpRequest): Call {
  for (const { route, match } of routes) {
    const path = route.method === request.method ? match(request.url.pathname) : undefined;
    if (path === undefined) continue;
    const rest: RestRequest = { path, query: request.url.searchParams, body: parseBody(request.body) ?? {} };
    const run = (requestId: string): AwsReply => {
      if (parseBody(request.body) === undefined) throw new AwsError('SerializationException', 400, 'The request body is not a JSON object');
      return {
        status: 200,
        headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId },
        body: JSON.stringify(route.run(rest)),
      };
    };
    return { service: 'eks', operation: route.operation, object: route.object(rest), write: route.write, run, failed: failedBy('eks') };
  }
  return unknownCall('eks', `${request.method} ${request.url.pathname}`);
}

const VERSIONS: Readonly<Partial<Record<AwsService, string>>> = { iam: '2010-05-08', sts: '2011-06-15', cloudformation: '2010-05-15' };

/** What a service says to an action that it, or this twin, does not have. */
function unknownCall(service: AwsService, operation: string): Call {
  const error =
    service === 'eks'
      ? new AwsError('UnknownOperationException', 404, `The twin's EKS does not know ${operation}`)
      : service === 'cloudtrail'
        ? new AwsError('UnknownOperationException', 400, `The twin's CloudTrail does not know ${operation}`)
        : new AwsError('InvalidAction', 400, `Could not find operation ${operation} for version ${VERSIONS[service] ?? ''}`);
  return {
    service,
    operation,
    object: '',
    write: false,
    run: () => {
      throw error;
    },
    failed: failedBy(service),
  };
}

function queryParameters(request: TwinHttpRequest): URLSearchParams {
  const form = String(request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  return request.method === 'POST' && form ? new URLSearchParams(request.body) : request.url.searchParams;
}

function parseBody(body: string): Record<string, unknown> | undefined {
  if (body === '') return {};
  try {
    const value = JSON.parse(body) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

type Matcher = (pathname: string) => Record<string, string> | undefined;

function matcher(path: string): Matcher {
  const wanted = path.split('/');
  return (pathname) => {
    const given = pathname.split('/');
    if (given.length !== wanted.length) return undefined;
    const found: Record<string, string> = {};
    for (const [index, segment] of wanted.entries()) {
      const actual = given[index] ?? '';
      if (segment.startsWith('{')) found[segment.slice(1, -1)] = decode(actual);
      else if (segment !== actual) return undefined;
    }
    return found;
  };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // a stray percent sign names nothing that exists
  }
}
