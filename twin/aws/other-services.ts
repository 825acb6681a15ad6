import { AwsError, type AwsReply, escapeXml } from './errors.ts';

/** How a service that the twin does not have is spoken to, as far as its errors go (Smithy 2.0, AWS protocols). */
export type Protocol = 'rest-json' | 'rest-xml' | 's3' | 'json' | 'query' | 'ec2';

/** What tells a protocol. `service` is the name in the signature's scope. */
export interface Spoken {
  readonly service: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The query's `Action`, by which query services are asked. */
  readonly action: string | null;
}

const REST_XML = new Set(['route53', 'cloudfront', 's3-outposts']);

/** The protocol of a request to a service that the twin does not have. */
export function protocolOf({ service, headers, action }: Spoken): Protocol {
  if (headers['x-amz-target'] !== undefined) return 'json';
  if (action !== null) return service === 'ec2' ? 'ec2' : 'query';
  if (service === 's3' || service === 's3express') return 's3';
  return REST_XML.has(service) ? 'rest-xml' : 'rest-json';
}

/** What a service that the twin does not have says to everything: that it does not know the operation, by its own protocol's code. */
export function unknownService(service: string, operation: string, protocol: Protocol): AwsError {
  const why = `the twin has no ${service}: it answers for EKS, IAM, STS, CloudTrail and CloudFormation`;
  if (protocol === 'query' || protocol === 'ec2')
    return new AwsError('InvalidAction', 400, `The action ${operation} is not valid for this web service: ${why}`);
  if (protocol === 's3') return new AwsError('NotImplemented', 501, why);
  return new AwsError('UnknownOperationException', protocol === 'json' ? 400 : 404, why);
}

/** An error in a protocol. */
export function protocolError(protocol: Protocol, error: AwsError, requestId: string, contentType: string): AwsReply {
  const answer = (type: string, body: string, more: Readonly<Record<string, string>> = {}): AwsReply => ({
    status: error.status,
    headers: { 'content-type': type, 'x-amzn-requestid': requestId, ...more },
    body,
  });
  const { code, message } = error;
  const words = `<Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message>`;
  switch (protocol) {
    case 'json':
      return answer(contentType === '' ? 'application/x-amz-json-1.1' : contentType, JSON.stringify({ __type: code, message }));
    case 'ec2':
      return answer(
        'text/xml;charset=UTF-8',
        `<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>${words}</Error></Errors><RequestID>${requestId}</RequestID></Response>`,
      );
    case 's3':
      return answer(
        'application/xml',
        `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${words}<RequestId>${requestId}</RequestId></Error>`,
      );
    case 'query':
    case 'rest-xml': {
      const type = error.status < 500 ? 'Sender' : 'Receiver';
      return answer(
        'text/xml',
        `<ErrorResponse><Error><Type>${type}</Type>${words}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
      );
    }
    case 'rest-json':
      return answer('application/json', JSON.stringify({ message }), { 'x-amzn-errortype': code });
  }
}
