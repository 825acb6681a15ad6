import { REMEDIES } from '../model/errors/kinds.ts';
import type { ErrorName } from '../model/errors.ts';
import { type ConnectionFailure, describeFailure, isTlsFailure } from '../model/text/connection-failure.ts';
import type { Place } from './places.ts';

/** A call, for messages: the service as IAM's actions name it (`eks`, `iam`, `dynamodb`), and the operation's name. */
export interface AwsCall {
  readonly service: string;
  readonly operation: string;
}

/** What is known of a failed call. */
export interface FailedCall {
  readonly call: AwsCall;
  /** AWS's code, or Node's. */
  readonly code: string;
  /** The text of what was thrown. */
  readonly text: string;
  readonly place: Place | undefined;
  /** Set where no connection came about. */
  readonly connection: ConnectionFailure | undefined;
}

/** The action that an AccessDenied message names: `... is not authorized to perform: iam:PassRole on resource ...`. */
const DENIED_ACTION = /not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)/;

/** Codes of AWS about the credentials that signed a request. */
const EXPIRED = /^ExpiredToken(Exception)?$/;
const WRONG_KEY = /^(InvalidClientTokenId|UnrecognizedClientException|SignatureDoesNotMatch|InvalidSignatureException|AuthFailure)$/;

/** Longer than any sentence of IAM, which names a principal, an action, a resource and a policy. */
const LONGEST_SENTENCE = 800;

/** The message of an error of the table: it never holds a token, a credential, or the body of a response. */
export function awsMessage(name: ErrorName, { call, code, text, place, connection }: FailedCall): string {
  const operation = `${call.service}:${call.operation}`;
  if (connection !== undefined) return `${operation}: ${describeFailure(connection, place?.host, code)}`;
  switch (name) {
    case 'CredentialsMissing':
      // The text can name files of the machine, or quote the string that was signed.
      if (EXPIRED.test(code)) return `the AWS session token has expired: ${operation} (${code})`;
      if (WRONG_KEY.test(code)) return `AWS does not take the access key: ${operation} (${code})`;
      return `no valid AWS credentials for ${operation} (${code})`;
    case 'AccessDenied':
      return denied(DENIED_ACTION.exec(text)?.[1] ?? operation, call, text, place);
    case 'Throttled':
      return `${operation} is throttled (${code})`;
    case 'ServiceUnavailable':
      return `${operation} failed or did not answer${place === undefined ? '' : ` at ${place.host}`} (${code})`;
    case 'TaskTokenGone':
      // The text can quote the token.
      return `no state waits for this answer any more (${code})`;
    case 'InternalError':
      return `could not read the response of ${operation} (${code})`;
    default:
      return `${operation}: ${text === '' ? code : text}`;
  }
}

/** What to do, where that is not what the table says of the name. */
export function awsRemedy({ connection, code }: FailedCall): string | undefined {
  if (EXPIRED.test(code)) return REMEDIES['AWS session token'].remedy;
  if (WRONG_KEY.test(code)) return REMEDIES['AWS access key'].remedy;
  if (connection === undefined) return undefined;
  return REMEDIES[isTlsFailure(connection) ? 'AWS certificate' : 'AWS connection'].remedy;
}

/** AWS's own sentence names the principal, the resource and the policy that refuses. IAM has no regions. */
function denied(action: string, { service }: AwsCall, text: string, place: Place | undefined): string {
  const where = place === undefined || service === 'iam' ? '' : ` in ${place.region}`;
  const sentence = withoutSecrets(text);
  return `not allowed to perform ${action}${where}${sentence === '' ? '' : `: ${sentence}`}`;
}

/** On one line, without the ids of access keys and without what is encoded: some services add a blob that only an administrator can decode. */
function withoutSecrets(text: string): string {
  const shown = text
    .replaceAll(/\s*Encoded authorization failure message:.*/gis, '')
    .replaceAll(/\b(AKIA|ASIA)[A-Z0-9]{8,}/g, '$1…')
    .replaceAll(/[A-Za-z0-9+/_=-]{200,}/g, '…')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal would take them for commands
    .replaceAll(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .trim();
  return shown.length > LONGEST_SENTENCE ? `${shown.slice(0, LONGEST_SENTENCE)}…` : shown;
}
