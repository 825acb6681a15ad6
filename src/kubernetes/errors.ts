import type { Cluster } from '../aws/gateways.ts';
import { REMEDIES } from '../model/errors/kinds.ts';
import { isPodshiftError, PodshiftError } from '../model/errors.ts';
import { codeOf, connectionFailure, describeFailure, isTlsFailure } from '../model/text/connection-failure.ts';
import type { ApiAnswer } from './answer.ts';

/** Codes of connections that stood and then broke: the request may have been applied. */
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'HPE_INVALID_EOF_STATE']);

/** The error for a request that got no answer, from what the HTTP library threw; `host` is the API server's. */
export function connectionError(error: unknown, what: string, host?: string): PodshiftError {
  if (isPodshiftError(error)) {
    return error;
  }
  const code = codeOf(error);
  const details = { code, ...(host === undefined ? {} : { host }) };
  if (BROKEN.has(code)) {
    return new PodshiftError('ServiceUnavailable', `the connection broke: ${what} (${code})`, { details });
  }
  const connection = connectionFailure(code);
  if (connection === undefined) {
    const where = host === undefined ? '' : ` at ${host}`;
    return new PodshiftError('ClusterUnreachable', `the API server did not answer${where}: ${what} (${code})`, { details });
  }
  return new PodshiftError('ClusterUnreachable', `${what}: ${describeFailure(connection, host, code)}`, {
    details: { ...details, connection },
    remedy: REMEDIES[isTlsFailure(connection) ? 'API server certificate' : 'API server connection'].remedy,
  });
}

/**
 * The API server's own sentence about a request that its authorizer refuses (apiserver, forbiddenMessage): it names user, verb,
 * resource and namespace, and no value of an object.
 */
const RBAC_REFUSAL =
  /User "(?<user>[^"]*)" cannot (?<verb>[a-z]+) (?:resource|path) "(?<resource>[^"]*)"(?: in API group "(?<group>[^"]*)")?(?: in the namespace "(?<namespace>[^"]*)"| at the cluster scope)?/;

/** The fields of a `metav1.Status` that hold no values of the user. */
interface Status {
  readonly reason: string;
  readonly message: string;
  readonly fields: readonly string[];
}

/**
 * The error for an answer that is no success. The Status' message stays out: it quotes values of the object, and an
 * admission webhook writes what it likes.
 */
export function answerError(answer: ApiAnswer, what: string, cluster: Cluster): PodshiftError {
  const status = readStatus(answer.body);
  const reason = status.reason === '' ? `HTTP ${answer.status}` : status.reason;
  const details = { httpStatus: answer.status, reason: status.reason, ...(status.fields.length === 0 ? {} : { fields: status.fields }) };
  switch (answer.status) {
    case 401:
      return cluster.authenticationMode === 'CONFIG_MAP'
        ? new PodshiftError('ConfigMapAuthentication', `cluster ${cluster.name} does not know this IAM principal: ${what}`, { details })
        : new PodshiftError('KubernetesUnauthorized', `cluster ${cluster.name} does not know this IAM principal: ${what}`, { details });
    case 403: {
      // RBAC's refusals name the verb; all others are admission's (PodSecurity, a webhook, a quota, a namespace that ends), which sees no reads.
      const isRead = /^(get|list) /.test(what);
      const refusal = RBAC_REFUSAL.exec(status.message);
      const refusedBy = isRead || refusal !== null || /cannot \S+ resource/.test(status.message) ? 'authorization' : 'admission';
      const subject = refusedBy === 'authorization' ? 'not allowed to' : 'an admission rule of the cluster refuses to';
      const sentence = refusal === null ? '' : `: ${refusal[0]}`;
      return new PodshiftError('KubernetesForbidden', `${subject} ${what} on cluster ${cluster.name}${sentence}`, {
        details: { ...details, refusedBy, ...refusal?.groups },
      });
    }
    case 404:
      return new PodshiftError('NotFound', `not found: ${what}`, { details });
    case 409:
      return status.reason === 'AlreadyExists'
        ? new PodshiftError('AlreadyExists', `exists already: ${what}`, { details })
        : new PodshiftError('Conflict', `the object changed meanwhile: ${what}`, { details });
    case 429:
      return new PodshiftError('Throttled', `the API server is throttling: ${what}`, { details });
    default:
      return answer.status >= 500
        ? new PodshiftError('ServiceUnavailable', `the API server failed: ${what} (${reason})`, { details })
        : new PodshiftError('InvalidRequest', `the API server refused: ${what} (${[reason, ...status.fields].join(', ')})`, { details });
  }
}

function readStatus(body: string): Status {
  try {
    const parsed = JSON.parse(body) as { reason?: unknown; message?: unknown; details?: { causes?: { field?: unknown }[] } } | null;
    const causes = parsed?.details?.causes ?? [];
    return {
      reason: typeof parsed?.reason === 'string' ? parsed.reason : '',
      message: typeof parsed?.message === 'string' ? parsed.message : '',
      fields: causes.flatMap((cause) => (typeof cause.field === 'string' && cause.field !== '' ? [cause.field] : [])),
    };
  } catch {
    // Flow control and proxies answer in plain text: the HTTP status alone tells.
    return { reason: '', message: '', fields: [] };
  }
}
