/** A JSON pointer to the member that these keys lead to (RFC 6901). Pure. */
export function pointer(...keys: readonly string[]): string {
  return keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
