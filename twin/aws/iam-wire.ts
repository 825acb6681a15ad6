/** Members that hold a policy document: IAM answers all of them URL-encoded (IAM API Reference). */
const DOCUMENTS = new Set(['AssumeRolePolicyDocument', 'PolicyDocument', 'Document']);

/** Members that hold a time. */
const TIMES = new Set(['CreateDate', 'UpdateDate', 'LastUsedDate', 'PasswordLastUsed']);

/** A part of an answer of IAM as it goes over the wire, whatever its members hold: documents encoded, times in whole seconds of UTC. */
export function iamWire(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(iamWire);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      DOCUMENTS.has(name) ? wireDocument(member) : TIMES.has(name) ? wireTime(member) : iamWire(member),
    ]),
  );
}

/** A document as IAM answers it: an object, decoded text, or text that is encoded already. */
export function wireDocument(document: unknown): unknown {
  if (document === undefined || document === null) return undefined;
  if (typeof document !== 'string') return encodeDocument(JSON.stringify(document));
  return /^\s*(%|$)/.test(document) ? document : encodeDocument(document);
}

/** A time as IAM's XML has it. */
export function wireTime(time: unknown): string {
  const parsed = typeof time === 'number' ? time * 1000 : Date.parse(String(time));
  return new Date(Number.isNaN(parsed) ? 0 : parsed).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** RFC 3986: more is escaped than encodeURIComponent does. */
export function encodeDocument(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
