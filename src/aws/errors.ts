import { type ErrorName, isPodshiftError, PodshiftError } from '../model/errors.ts';
import { codeOf, connectionFailure } from '../model/text/connection-failure.ts';
import { type AwsCall, awsMessage, awsRemedy } from './error-texts.ts';
import { isConnectTimeout, placeOf } from './places.ts';

export type { AwsCall } from './error-texts.ts';

/** What podshift reads of an SDK error; anything thrown may lack all of it. */
interface SdkError {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly $metadata?: {
    readonly httpStatusCode?: number;
    readonly requestId?: string;
    readonly attempts?: number;
    readonly totalRetryDelay?: number;
  };
}

/**
 * AWS's error codes by what they mean. IAM and STS answer in the Query protocol, so theirs lack the `Exception` suffix that
 * EKS, CloudTrail and DynamoDB use; some codes exist in both spellings.
 */
const NAMES: Readonly<Record<string, ErrorName>> = {
  Throttling: 'Throttled',
  ThrottlingException: 'Throttled',
  ThrottledException: 'Throttled',
  KmsThrottlingException: 'Throttled',
  RequestThrottled: 'Throttled',
  RequestThrottledException: 'Throttled',
  RequestLimitExceeded: 'Throttled',
  TooManyRequests: 'Throttled',
  TooManyRequestsException: 'Throttled',
  ProvisionedThroughputExceededException: 'Throttled',
  BandwidthLimitExceeded: 'Throttled',
  SlowDown: 'Throttled',

  CredentialsProviderError: 'CredentialsMissing',
  TokenProviderError: 'CredentialsMissing',
  ExpiredToken: 'CredentialsMissing',
  ExpiredTokenException: 'CredentialsMissing',
  InvalidClientTokenId: 'CredentialsMissing',
  UnrecognizedClientException: 'CredentialsMissing',
  MissingAuthenticationToken: 'CredentialsMissing',
  MissingAuthenticationTokenException: 'CredentialsMissing',
  IncompleteSignature: 'CredentialsMissing',
  IncompleteSignatureException: 'CredentialsMissing',
  SignatureDoesNotMatch: 'CredentialsMissing',
  InvalidSignatureException: 'CredentialsMissing',
  AuthFailure: 'CredentialsMissing',

  AccessDenied: 'AccessDenied',
  AccessDeniedException: 'AccessDenied',
  UnauthorizedOperation: 'AccessDenied',
  UnauthorizedException: 'AccessDenied',
  NotAuthorized: 'AccessDenied',

  ResourceNotFoundException: 'NotFound',
  NotFoundException: 'NotFound',
  NoSuchEntity: 'NotFound',
  NoSuchEntityException: 'NotFound',
  ExecutionDoesNotExist: 'NotFound',
  StateMachineDoesNotExist: 'NotFound',

  ConflictException: 'AlreadyExists',
  ResourceInUseException: 'AlreadyExists',
  EntityAlreadyExists: 'AlreadyExists',
  EntityAlreadyExistsException: 'AlreadyExists',

  LimitExceeded: 'LimitExceeded',
  LimitExceededException: 'LimitExceeded',
  ResourceLimitExceededException: 'LimitExceeded',
  ExecutionLimitExceeded: 'LimitExceeded',
  ServiceQuotaExceededException: 'LimitExceeded',

  ConcurrentModification: 'Conflict',
  ConcurrentModificationException: 'Conflict',

  // Step Functions names its errors without a suffix
  ExecutionAlreadyExists: 'ExecutionExists',
  TaskDoesNotExist: 'TaskTokenGone',
  TaskTimedOut: 'TaskTokenGone',
  InvalidToken: 'TaskTokenGone',

  ServerException: 'ServiceUnavailable',
  InternalFailure: 'ServiceUnavailable',
  InternalServerError: 'ServiceUnavailable',
  ServiceFailure: 'ServiceUnavailable',
  ServiceFailureException: 'ServiceUnavailable',
  ServiceUnavailable: 'ServiceUnavailable',
  ServiceUnavailableException: 'ServiceUnavailable',
  RequestTimeout: 'ServiceUnavailable',
  RequestTimeoutException: 'ServiceUnavailable',
  TimeoutError: 'ServiceUnavailable',
};

/** Node's codes of connections that stood and then broke. */
const BROKEN = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE']);

/** Operations that associate a role, which EKS looks at first. */
const ROLE_OPERATIONS: ReadonlySet<string> = new Set(['CreatePodIdentityAssociation', 'UpdateAddon']);

/** EKS's two messages while IAM has not spread a role or its trust policy (seen by eksctl and by Terraform's AWS provider). */
const ROLE_NOT_READY = /trust policy of the role|role provided in the request does not exist/i;

/**
 * The error of the table for whatever an SDK client threw. The SDK's own error is not kept as its cause: it carries the
 * response with its headers.
 */
export function awsError(error: unknown, call: AwsCall): PodshiftError {
  if (isPodshiftError(error)) {
    return error;
  }
  const thrown = (typeof error === 'object' && error !== null ? error : {}) as SdkError;
  const code = typeof thrown.name === 'string' ? thrown.name : 'Error';
  const text = typeof thrown.message === 'string' ? thrown.message : '';
  const status = thrown.$metadata?.httpStatusCode;
  const place = placeOf(error);
  const connection =
    status === undefined ? (connectionFailure(codeOf(error)) ?? (isConnectTimeout(error) ? 'timed-out' : undefined)) : undefined;
  const name = connection === undefined ? errorName(thrown, code, text, status, call) : 'ServiceUnavailable';
  const shownCode = connection === undefined ? code : codeOf(error);
  const failed = { call, code: shownCode, text, place, connection };
  const remedy = awsRemedy(failed);
  return new PodshiftError(name, awsMessage(name, failed), {
    ...(remedy === undefined ? {} : { remedy }),
    details: {
      service: call.service,
      operation: call.operation,
      code: connection === undefined && typeof thrown.code === 'string' ? thrown.code : shownCode,
      ...place,
      ...(connection === undefined ? {} : { connection }),
      ...(status === undefined ? {} : { httpStatus: status }),
      ...(thrown.$metadata?.requestId === undefined ? {} : { requestId: thrown.$metadata.requestId }),
      ...(thrown.$metadata?.attempts === undefined ? {} : { attempts: thrown.$metadata.attempts }),
      ...(thrown.$metadata?.totalRetryDelay === undefined ? {} : { retryMilliseconds: thrown.$metadata.totalRetryDelay }),
    },
  });
}

function errorName(thrown: SdkError, code: string, text: string, status: number | undefined, call: AwsCall): ErrorName {
  if (ROLE_OPERATIONS.has(call.operation) && code === 'InvalidParameterException' && ROLE_NOT_READY.test(text)) {
    return 'RoleNotReady';
  }
  const known = Object.hasOwn(NAMES, code) ? NAMES[code] : undefined;
  if (known !== undefined) {
    return known;
  }
  if (status === 429) {
    return 'Throttled';
  }
  if (status !== undefined && status >= 500) {
    return 'ServiceUnavailable';
  }
  if (typeof thrown.code === 'string' && BROKEN.has(thrown.code)) {
    return 'ServiceUnavailable';
  }
  // The SDK wraps a connection that ended early without a code of its own.
  if (/socket hang up|network error|other side closed/i.test(text)) {
    return 'ServiceUnavailable';
  }
  if (status === 403) {
    return 'AccessDenied';
  }
  if (status !== undefined && status >= 400) {
    return 'InvalidRequest';
  }
  // A success or no status at all: an answer that the SDK could not read, or a bug of ours.
  return 'InternalError';
}

/** Whether a service refused a request because too many came. */
export function isThrottle(error: unknown): boolean {
  return awsError(error, { service: '', operation: '' }).name === 'Throttled';
}

/** Runs one call of an SDK client; what it throws is an error of the table. */
export async function awsCall<T>(call: AwsCall, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    throw awsError(error, call);
  }
}

/** Runs one call of an SDK client; "not found" is undefined. */
export async function awsLookup<T>(call: AwsCall, send: () => Promise<T>): Promise<T | undefined> {
  try {
    return await awsCall(call, send);
  } catch (error) {
    if (isPodshiftError(error, 'NotFound')) {
      return undefined;
    }
    throw error;
  }
}
