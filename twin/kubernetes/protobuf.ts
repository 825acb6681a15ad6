/** Fields of a message by number: texts and embedded messages as bytes (one character each), and numbers in decimal, in their order. */
type Message = ReadonlyMap<number, readonly string[]>;

/** How the protobuf encoding of Kubernetes objects begins (k8s.io/apimachinery pkg/runtime/serializer/protobuf). */
const MAGIC = 'k8s\0';

/**
 * The `spec` of a review that came as protobuf, for `kubectl auth`, which sends nothing else: a
 * SelfSubjectAccessReview's, or a SelfSubjectRulesReview's (k8s.io/api authorization/v1 generated.proto). Undefined for
 * bytes that are no such message.
 */
export function reviewOfProtobuf(bytes: string, resource: string): { readonly spec: Record<string, unknown> } | undefined {
  const fields = specOf(bytes);
  if (fields === undefined) {
    return undefined;
  }
  if (resource === 'selfsubjectrulesreviews') {
    return { spec: named(fields, ['namespace']) };
  }
  const attributes = fields.get(1)?.[0];
  const resourceAttributes =
    attributes === undefined
      ? undefined
      : named(read(attributes), ['namespace', 'verb', 'group', 'version', 'resource', 'subresource', 'name']);
  return { spec: resourceAttributes === undefined ? {} : { resourceAttributes } };
}

/**
 * A TokenRequest that came as protobuf, as `kubectl create token` sends it (k8s.io/api authentication/v1 generated.proto). Undefined
 * for bytes that are no such message.
 */
export function tokenRequestOfProtobuf(bytes: string): { readonly spec: Record<string, unknown> } | undefined {
  const fields = specOf(bytes);
  if (fields === undefined) return undefined;
  const audiences = (fields.get(1) ?? []).map(utf8);
  const bound = fields.get(3)?.[0];
  const seconds = fields.get(4)?.[0];
  return {
    spec: {
      audiences,
      ...(bound === undefined ? {} : { boundObjectRef: named(read(bound), ['kind', 'apiVersion', 'name', 'uid']) }),
      ...(seconds === undefined ? {} : { expirationSeconds: Number(seconds) }),
    },
  };
}

/** The fields of an object's spec, which is the second of every kind read here; undefined for bytes that are no object. */
function specOf(bytes: string): Message | undefined {
  if (!bytes.startsWith(MAGIC)) return undefined;
  // runtime.Unknown: typeMeta, raw
  const raw = read(bytes.slice(MAGIC.length))?.get(2)?.[0];
  const spec = raw === undefined ? undefined : (read(raw)?.get(2)?.[0] ?? '');
  return spec === undefined ? undefined : read(spec);
}

function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Texts of the fields 1, 2, … under these names; what is empty counts as not there. */
function named(message: Message | undefined, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name, index) => {
      const text = message?.get(index + 1)?.[0] ?? '';
      return text === '' ? [] : [[name, utf8(text)]];
    }),
  );
}

/** A message's fields; undefined where the bytes end too early or hold what proto2's wire format does not. */
function read(bytes: string): Message | undefined {
  const fields = new Map<number, string[]>();
  let at = 0;
  const varint = (): number | undefined => {
    let value = 0;
    for (let shift = 0; at < bytes.length && shift < 42; shift += 7) {
      const byte = bytes.charCodeAt(at);
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        return value;
      }
    }
    return undefined;
  };
  while (at < bytes.length) {
    const tag = varint();
    const size = varint();
    if (tag === undefined || size === undefined) {
      return undefined;
    }
    if ((tag & 7) === 0) {
      fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), String(size)]);
      continue;
    }
    if ((tag & 7) !== 2 || at + size > bytes.length) {
      return undefined;
    }
    const number = tag >> 3;
    fields.set(number, [...(fields.get(number) ?? []), bytes.slice(at, at + size)]);
    at += size;
  }
  return fields;
}
