/** The account and region of the example's cluster. */
export const ACCOUNT = '444455556666';
export const REGION = 'eu-central-1';
export const CREDENTIALS = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'example' };

/** Headers by which moto knows a request's service and region; it checks no signature. */
export function signedFor(service: string): Readonly<Record<string, string>> {
  const credential = `${CREDENTIALS.accessKeyId}/20260101/${REGION}/${service}/aws4_request`;
  return { authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=none` };
}
