/** The value without members that are `null`, at any depth: to AWS and Kubernetes they are absent. Items of lists that are `null` go too. */
export function withoutNulls<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const kept = value.filter((item) => item !== null).map(withoutNulls);
    return (kept.length === value.length && kept.every((item, index) => item === value[index]) ? value : kept) as T;
  }
  let changed = false;
  const entries: [string, unknown][] = [];
  for (const [key, member] of Object.entries(value)) {
    const inner = withoutNulls(member as unknown);
    changed ||= inner !== member || inner === null;
    if (inner !== null) entries.push([key, inner]);
  }
  return changed ? (Object.fromEntries(entries) as T) : value;
}
