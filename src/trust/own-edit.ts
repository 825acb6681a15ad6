import type { ServiceAccountName } from '../model/plan.ts';
import { type OwnStatement, readStatement, sidPrefix, writeStatement } from './own-statement.ts';
import { coverByProducts, pairsOf } from './product.ts';
import { editStatements } from './trust-policy.ts';
import type { TrustPolicy, TrustStatement } from './types.ts';

/** Our statements of one cluster, as they stand in a document. */
export interface OwnStatements {
  /** In the document's order. */
  readonly statements: readonly TrustStatement[];
  /** The pairs that they name, without repeats. */
  readonly pairs: readonly ServiceAccountName[];
  /** Whether one of them admits the whole cluster. */
  readonly wholeCluster: boolean;
}

/** Finds our statements of one cluster; those of other clusters are foreign. */
export function findOwn(policy: TrustPolicy, clusterArn: string): OwnStatements {
  const prefix = sidPrefix(clusterArn);
  const statements: TrustStatement[] = [];
  const pairs = new Map<string, ServiceAccountName>();
  let wholeCluster = false;
  for (const statement of policy.statements) {
    if (statement.sid?.startsWith(prefix) !== true) continue;
    const own = readStatement(policy, statement);
    if (own === undefined) continue;
    statements.push(statement);
    if (own.admission === 'cluster') wholeCluster = true;
    else for (const pair of pairsOf(own.admission)) pairs.set(pairKey(pair), pair);
  }
  return { statements, pairs: [...pairs.values()], wholeCluster };
}

/** `NAMESPACE/NAME`. */
export function pairKey({ namespace, name }: ServiceAccountName): string {
  return `${namespace}/${name}`;
}

/** Writes our statements of a cluster anew: into the places of the old ones first, the rest at the end. */
export function rewriteOwn(
  policy: TrustPolicy,
  old: readonly TrustStatement[],
  cluster: Omit<OwnStatement, 'admission'>,
  pairs: readonly ServiceAccountName[],
  wholeCluster: boolean,
): string {
  const admissions = [...coverByProducts(pairs), ...(wholeCluster ? (['cluster'] as const) : [])];
  const texts = admissions.map((admission, index) => writeStatement(`${sidPrefix(cluster.clusterArn)}${index}`, { ...cluster, admission }));
  const edits = new Map(old.map((statement, index) => [statement, texts[index] ?? null]));
  return editStatements(policy, edits, texts.slice(old.length));
}
