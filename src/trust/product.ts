import type { ServiceAccountName } from '../model/plan.ts';

/** Every namespace of the one with every service account name of the other; both sorted, neither empty. */
export interface Product {
  readonly namespaces: readonly string[];
  readonly names: readonly string[];
}

/** Names by namespace. */
type Table = ReadonlyMap<string, ReadonlySet<string>>;

/** What a statement costs beside its names, in characters: a little more or less does not change the choice. */
const STATEMENT_COST = 380;
/** Above this many different rows the search for overlapping products is left out: it is quadratic in them. */
const ROWS_SEARCHED = 32;

/**
 * Covers pairs by full products that hold nothing else: values of one condition key are alternatives, keys are not, so a
 * statement over two lists admits each pair of their product. Of three ways to group, the one that needs the least room;
 * the same for the same set of pairs, in whatever order they come.
 */
export function coverByProducts(pairs: readonly ServiceAccountName[]): Product[] {
  const rows = tableOf(
    pairs,
    (pair) => pair.namespace,
    (pair) => pair.name,
  );
  if (rows.size <= 1) return [...rows].map(([namespace, names]) => ({ namespaces: [namespace], names: sorted(names) }));
  const columns = tableOf(
    pairs,
    (pair) => pair.name,
    (pair) => pair.namespace,
  );
  const byNamespace = mergeEqualRows(rows).map(([namespaces, names]) => ({ namespaces, names }));
  const byName = mergeEqualRows(columns).map(([names, namespaces]) => ({ namespaces, names }));
  let best: readonly Product[] = cost(byName) < cost(byNamespace) ? byName : byNamespace;
  if (byNamespace.length > 2 && byNamespace.length <= ROWS_SEARCHED) {
    const overlapping = coverGreedily(rows, byNamespace);
    if (cost(overlapping) < cost(best)) best = overlapping;
  }
  return best.toSorted((left, right) => (sortKey(left) < sortKey(right) ? -1 : 1));
}

function tableOf(
  pairs: readonly ServiceAccountName[],
  row: (pair: ServiceAccountName) => string,
  cell: (pair: ServiceAccountName) => string,
): Map<string, Set<string>> {
  const table = new Map<string, Set<string>>();
  for (const pair of pairs) {
    const key = row(pair);
    const cells = table.get(key);
    if (cells === undefined) table.set(key, new Set([cell(pair)]));
    else cells.add(cell(pair));
  }
  return new Map([...table.keys()].sort().map((key) => [key, table.get(key) as Set<string>]));
}

/** Rows with the same cells, together. Names hold no comma, so a joined list stands for its set. */
function mergeEqualRows(table: Table): [rows: string[], cells: string[]][] {
  const groups = new Map<string, [string[], string[]]>();
  for (const [row, cells] of table) {
    const list = sorted(cells);
    const group = groups.get(list.join());
    if (group === undefined) groups.set(list.join(), [[row], list]);
    else group[0].push(row);
  }
  return [...groups.values()];
}

/** Takes the product that covers most of what is still uncovered, until nothing is. Products may overlap. */
function coverGreedily(rows: Table, groups: readonly Product[]): Product[] {
  const candidates = new Map<string, Product>();
  for (const left of groups) {
    for (const right of groups) {
      const names = left.names.filter((name) => right.names.includes(name));
      if (names.length === 0 || candidates.has(names.join())) continue;
      const namespaces = [...rows].filter(([, cells]) => names.every((name) => cells.has(name))).map(([namespace]) => namespace);
      candidates.set(names.join(), { namespaces, names });
    }
  }
  const uncovered = new Map([...rows].map(([namespace, cells]) => [namespace, new Set(cells)]));
  const gain = (product: Product): number => {
    let count = 0;
    for (const namespace of product.namespaces) for (const name of product.names) if (uncovered.get(namespace)?.has(name) === true) count++;
    return count;
  };
  const cover: Product[] = [];
  for (;;) {
    let best: Product | undefined;
    let most = 0;
    for (const candidate of candidates.values()) {
      const count = gain(candidate);
      if (count > most) [best, most] = [candidate, count];
    }
    if (best === undefined) return cover;
    cover.push(best);
    for (const namespace of best.namespaces) for (const name of best.names) uncovered.get(namespace)?.delete(name);
  }
}

function cost(products: readonly Product[]): number {
  let total = 0;
  for (const { namespaces, names } of products) {
    total += STATEMENT_COST;
    for (const name of namespaces) total += name.length + 3;
    for (const name of names) total += name.length + 3;
  }
  return total;
}

function sorted(names: Iterable<string>): string[] {
  return [...names].sort();
}

/** Different for every product of a cover; compared by code units, the same on every machine. */
function sortKey({ namespaces, names }: Product): string {
  return `${namespaces.join()}/${names.join()}`;
}

/** The pairs of a product. */
export function pairsOf({ namespaces, names }: Product): ServiceAccountName[] {
  return namespaces.flatMap((namespace) => names.map((name) => ({ namespace, name })));
}
