import type { FaultAnswer } from '../contracts.ts';
import { type Kind, qualifiedName } from './kinds.ts';

/** A `Status` object of the Kubernetes API. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Record<string, never>;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly { readonly reason?: string; readonly message: string; readonly field?: string }[];
  readonly retryAfterSeconds?: number;
}

/** A refusal of the API server: what it answers is its `status`. */
export class ApiError extends Error {
  readonly status: Status;

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
}

/** What the API server answers to a request that a fault befalls. */
export const FAULTS: Readonly<Record<FaultAnswer, ApiError>> = {
  throttle: new ApiError(429, 'TooManyRequests', 'too many requests, please try again later', { retryAfterSeconds: 1 }),
  'server-error': new ApiError(503, 'ServiceUnavailable', 'the server is currently unable to handle the request'),
  denied: new ApiError(403, 'Forbidden', 'RBAC: access denied'),
};

function about(kind: Kind, name: string): StatusDetails {
  return { ...(name === '' ? {} : { name }), ...(kind.group === '' ? {} : { group: kind.group }), kind: kind.plural };
}

// Reasons and messages: k8s.io/apimachinery pkg/api/errors/errors.go

export const notFound = (kind: Kind, name: string): ApiError =>
  new ApiError(404, 'NotFound', `${qualifiedName(kind)} "${name}" not found`, about(kind, name));

export const alreadyExists = (kind: Kind, name: string): ApiError =>
  new ApiError(409, 'AlreadyExists', `${qualifiedName(kind)} "${name}" already exists`, about(kind, name));

export const conflict = (kind: Kind, name: string, why: string): ApiError =>
  new ApiError(409, 'Conflict', `Operation cannot be fulfilled on ${qualifiedName(kind)} "${name}": ${why}`, about(kind, name));

export const modified = (kind: Kind, name: string): ApiError =>
  conflict(kind, name, 'the object has been modified; please apply your changes to the latest version and try again');

export const forbidden = (kind: Kind, name: string, why: string): ApiError =>
  new ApiError(403, 'Forbidden', `${qualifiedName(kind)}${name === '' ? '' : ` "${name}"`} is forbidden: ${why}`, about(kind, name));

/** What is wrong with one field of an object. */
export interface FieldError {
  /** Such as `spec.containers[0].name`. */
  readonly field: string;
  /** It begins as the API server's does: "Required value", "Forbidden: …", "Invalid value: …"; clients find that in the cause's reason. */
  readonly why: string;
}

/** The refusal of an object for one field. */
export const invalid = (kind: Kind, name: string, field: string, why: string): ApiError => invalidFields(kind, name, [{ field, why }]);

/** The refusal of an object for what is wrong with its fields. */
export const invalidFields = (kind: Kind, name: string, errors: readonly FieldError[]): ApiError => {
  const texts = [...new Set(errors.map(({ field, why }) => `${field}: ${why}`))];
  const all = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  return new ApiError(422, 'Invalid', `${kind.kind}${kind.group === '' ? '' : `.${kind.group}`} "${name}" is invalid: ${all}`, {
    ...(name === '' ? {} : { name }),
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.kind,
    causes: errors.map(({ field, why }) => ({ reason: reasonOf(why), message: why, field })),
  });
};

function reasonOf(why: string): string {
  const reasons = {
    'Required value': 'FieldValueRequired',
    Forbidden: 'FieldValueForbidden',
    'Unsupported value': 'FieldValueNotSupported',
    'Duplicate value': 'FieldValueDuplicate',
  };
  return Object.entries(reasons).find(([start]) => why.startsWith(start))?.[1] ?? 'FieldValueInvalid';
}

export const badRequest = (message: string): ApiError => new ApiError(400, 'BadRequest', message);

export const expired = (message: string): ApiError => new ApiError(410, 'Expired', message);

/** The `Status` of a success, as deletes and evictions answer it. */
export function success(code: number, details?: StatusDetails): Status {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', ...(details === undefined ? {} : { details }), code };
}
