/** Which secrets of a twin (keys, session tokens, bearer tokens, signatures) stand in a text; empty where none does. */
export function secretsOf(text: string, credentials: { readonly secretAccessKey: string }): string[] {
  const patterns = [credentials.secretAccessKey, 'k8s-aws-v1.', 'eyJhbGci', 'SecretAccessKey', 'X-Amz-Signature', 'Bearer '];
  return patterns.filter((pattern) => text.includes(pattern));
}
