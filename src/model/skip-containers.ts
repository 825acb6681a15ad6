/**
 * Names of the containers that the pod identity webhook leaves alone, by its `skip-containers` annotation: the first record
 * of a CSV text as Go's encoding/csv reads it (amazon-eks-pod-identity-webhook, pkg/cache and pkg/handler). A blank after a
 * comma belongs to the name, so it names no container; a text that cannot be read names none.
 */
export function skippedContainers(annotations: Readonly<Record<string, string>> | undefined, prefix: string): ReadonlySet<string> {
  const text = annotations?.[`${prefix}/skip-containers`] ?? '';
  const record = text.split(/\r?\n/).find((line) => line !== '') ?? '';
  const fields = record.split(',');
  // Container names hold neither quotes nor commas, so a quoted field is a name between quotes or names no container.
  const names = fields.map((field) => /^"([^"]*)"$/.exec(field)?.[1] ?? field);
  return new Set(names.some((name) => name.includes('"')) ? [] : names);
}
