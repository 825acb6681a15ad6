import { canonicalJson } from '../../plan/digest.ts';
import { sidPrefix } from '../../trust/own-statement.ts';

/** A statement of a trust policy as IAM has it. */
export interface ExportedStatement {
  readonly Sid: string;
  readonly Effect: string;
  readonly Principal: Readonly<Record<string, unknown>>;
  readonly Action: unknown;
  /** Operator to key to values. */
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** podshift's own statements for a cluster that a document has and the one before it had not, in their order. Pure. */
export function ownStatements(before: string, after: string, clusterArn: string): ExportedStatement[] {
  const prefix = sidPrefix(clusterArn);
  const known = new Set(statementsOf(before).map(canonicalJson));
  return statementsOf(after).filter((one): one is ExportedStatement => isOwn(one, prefix) && !known.has(canonicalJson(one)));
}

function isOwn(statement: unknown, prefix: string): boolean {
  const { Sid } = (statement ?? {}) as { Sid?: unknown };
  return typeof Sid === 'string' && Sid.startsWith(prefix);
}

function statementsOf(document: string): unknown[] {
  if (document === '') return [];
  const { Statement } = JSON.parse(document) as { Statement?: unknown };
  return Array.isArray(Statement) ? Statement : [Statement];
}

/** One value or many, as a list of texts. Pure. */
export function texts(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).map(String);
}
