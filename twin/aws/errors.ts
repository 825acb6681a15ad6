import type { Fault } from '../contracts.ts';

/** The AWS services of the twin. */
export type AwsService = 'eks' | 'iam' | 'sts' | 'cloudtrail' | 'cloudformation' | 'other';

/** Its services whose requests are a query and whose answers are XML. */
export type QueryService = 'iam' | 'sts' | 'cloudformation';

/** An error as a service answers it. `code` is the name on the wire, which differs from the SDK's name for IAM. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  /** More members of the answer, such as EKS's `clusterName`. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(code: string, status: number, message: string, members: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.members = members;
  }
}

/** A whole answer. */
export interface AwsReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What each service says when it throttles. IAM and STS are query services with a 400; EKS answers 429. */
export function throttled(service: AwsService): AwsError {
  if (service === 'eks') return new AwsError('ThrottlingException', 429, 'Rate exceeded');
  if (service === 'cloudtrail') return new AwsError('ThrottlingException', 400, 'Rate exceeded');
  return new AwsError('Throttling', 400, 'Rate exceeded');
}

/** What each service says when it breaks. */
export function serverError(service: AwsService): AwsError {
  if (service === 'eks') return new AwsError('ServerException', 500, 'Internal server error');
  if (service === 'iam')
    return new AwsError('ServiceFailure', 500, 'The request processing has failed because of an unknown error, exception or failure.');
  return new AwsError('InternalFailure', 500, 'The request processing has failed because of an unknown error, exception or failure.');
}

/** The error of an injected fault; a reset has none. */
export function faultError(service: AwsService, fault: Fault): AwsError | undefined {
  if (fault.kind === 'throttle') return throttled(service);
  if (fault.kind === 'denied') return denied(service);
  return fault.kind === 'server-error' ? serverError(service) : undefined;
}

/** What each service says to whom nothing allows a call. */
export function denied(service: AwsService): AwsError {
  const message = 'User is not authorized to perform this action, because no identity-based policy allows it';
  if (service === 'eks') return new AwsError('AccessDeniedException', 403, message);
  return service === 'cloudtrail' ? new AwsError('AccessDeniedException', 400, message) : new AwsError('AccessDenied', 403, message);
}

/** An error in the protocol of its service: REST JSON for EKS, JSON 1.1 for CloudTrail, XML for IAM and STS. */
export function errorReply(service: AwsService, error: AwsError, requestId: string): AwsReply {
  if (service === 'eks') {
    return {
      status: error.status,
      headers: { 'content-type': 'application/json', 'x-amzn-errortype': error.code, 'x-amzn-requestid': requestId },
      body: JSON.stringify({ message: error.message, ...error.members }),
    };
  }
  if (service === 'cloudtrail') {
    return {
      status: error.status,
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestId },
      body: JSON.stringify({ __type: error.code, message: error.message }),
    };
  }
  const type = error.status < 500 ? 'Sender' : 'Receiver';
  const namespace = NAMESPACES[service === 'iam' || service === 'cloudformation' ? service : 'sts'];
  return {
    status: error.status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body:
      `<ErrorResponse xmlns="${namespace}"><Error><Type>${type}</Type><Code>${escapeXml(error.code)}</Code>` +
      `<Message>${escapeXml(error.message)}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
  };
}

const NAMESPACES: Readonly<Record<QueryService, string>> = {
  iam: 'https://iam.amazonaws.com/doc/2010-05-08/',
  sts: 'https://sts.amazonaws.com/doc/2011-06-15/',
  cloudformation: 'http://cloudformation.amazonaws.com/doc/2010-05-15/',
};

/** Text as XML character data. */
export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** An answer of a query service: `value`'s members become elements, arrays become `member` elements, undefined is left out. */
export function queryReply(
  service: QueryService,
  action: string,
  result: Readonly<Record<string, unknown>> | undefined,
  requestId: string,
): AwsReply {
  const namespace = NAMESPACES[service];
  const inner = result === undefined ? '' : `<${action}Result>${toXml(result)}</${action}Result>`;
  return {
    status: 200,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body: `<${action}Response xmlns="${namespace}">${inner}<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${action}Response>`,
  };
}

function toXml(value: unknown): string {
  if (Array.isArray(value)) return value.map((item) => `<member>${toXml(item)}</member>`).join('');
  if (typeof value !== 'object' || value === null) return escapeXml(String(value));
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) =>
      // The entries of a map stand side by side.
      name === 'entry' && Array.isArray(member)
        ? member.map((entry) => `<entry>${toXml(entry)}</entry>`).join('')
        : `<${name}>${toXml(member)}</${name}>`,
    )
    .join('');
}
