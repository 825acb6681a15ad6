import { createHash } from 'node:crypto';

/** What of a trust policy may go with the old way, and when. */
export interface Retirement {
  readonly clusterArn: string;
  /** The cluster's OIDC provider; undefined where it has none. */
  readonly providerArn: string | undefined;
  /** Whether nothing needs this subject of a web identity any more. */
  isSubjectDone(subject: string): boolean;
  /** Whether nothing takes the role as this principal any more. */
  isPrincipalDone(arn: string): boolean;
}

type Json = Readonly<Record<string, unknown>>;

interface Statement {
  /** Its Sid, or its place. */
  readonly name: string;
  readonly text: string;
  readonly value: Json;
}

/**
 * What a write of a trust policy takes from what was there: statements that are gone, written otherwise, moved or doubled, a
 * Version or an Id that is another. It is not a loss that podshift's own statements for this cluster change, nor that the old
 * way is retired: a subject of the cluster's issuer whose pods need it no more, a principal whose daemon is gone. Both are
 * trust documents; one that is none has no statements.
 */
export function trustLosses(before: string, after: string, retirement: Retirement): string[] {
  const [old, now] = [read(before), read(after)];
  const own = ownSid(retirement.clusterArn);
  const found: string[] = [];
  for (const key of new Set([...Object.keys(old.document), ...Object.keys(now.document)])) {
    const [was, is] = [old.document[key], now.document[key]];
    if (key !== 'Statement' && JSON.stringify(was) !== JSON.stringify(is)) found.push(`changed ${key} from ${said(was)} to ${said(is)}`);
  }
  const places: number[] = [];
  const taken = new Set<Statement>();
  for (const statement of old.statements.filter(({ value }) => !own.test(String(value.Sid ?? '')))) {
    const kept = now.statements.find((one) => !taken.has(one) && one.text === statement.text);
    const left = kept ?? now.statements.find((one) => !taken.has(one) && isNarrowed(statement, one, retirement));
    if (left !== undefined) {
      taken.add(left);
      places.push(now.statements.indexOf(left));
      if (places.some((place) => place > (places.at(-1) as number))) found.push(`moved ${statement.name}`);
    } else if (!isDone(statement.value, retirement)) {
      const same = statement.value.Sid !== undefined && now.statements.some(({ value }) => value.Sid === statement.value.Sid);
      found.push(`${same ? 'rewrote' : 'removed'} ${statement.name}`);
    }
  }
  for (const [text, count] of counts(now.statements)) {
    const most = Math.max(1, counts(old.statements).get(text) ?? 0);
    const doubled = now.statements.find((one) => one.text === text);
    if (count > most && doubled !== undefined) found.push(`doubled ${doubled.name}`);
  }
  return found;
}

/** Sids of podshift's statements for one cluster: `Podshift`, 12 hex digits of the SHA-256 of its ARN, and an index. */
function ownSid(clusterArn: string): RegExp {
  return new RegExp(`^Podshift${createHash('sha256').update(clusterArn).digest('hex').slice(0, 12)}\\d+$`);
}

function read(text: string): { readonly document: Json; readonly statements: readonly Statement[] } {
  const document = parse(text);
  return {
    document,
    statements: listOf(document.Statement).map((value, index) => {
      const statement = isObject(value) ? value : {};
      const name = statement.Sid === undefined ? `statement ${index + 1}` : `statement ${String(statement.Sid)}`;
      return { name, text: JSON.stringify(value), value: statement };
    }),
  };
}

function parse(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function counts(statements: readonly Statement[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { text } of statements) found.set(text, (found.get(text) ?? 0) + 1);
  return found;
}

/** Whether all that a statement admits is done with. */
function isDone(statement: Json, retirement: Retirement): boolean {
  const subjects = subjectsOf(statement, retirement.providerArn)?.values;
  if (subjects !== undefined) return subjects.every((subject) => retirement.isSubjectDone(subject));
  const names = awsNames(statement);
  return names !== undefined && onlyAws(statement) && names.every((name) => retirement.isPrincipalDone(name));
}

/** Whether `after` is `before` without some of its subjects or principals, all of them done with, and nothing else. */
function isNarrowed(before: Statement, after: Statement, retirement: Retirement): boolean {
  const [was, is] = [subjectsOf(before.value, retirement.providerArn), subjectsOf(after.value, retirement.providerArn)];
  if (was !== undefined && is !== undefined) {
    const gone = was.values.filter((subject) => !is.values.includes(subject));
    const kept = was.values.filter((subject) => is.values.includes(subject));
    return kept.join() === is.values.join() && gone.every((subject) => retirement.isSubjectDone(subject)) && was.blank === is.blank;
  }
  const names = awsNames(before.value);
  if (names === undefined) return false;
  const left = awsNames(after.value) ?? [];
  const gone = names.filter((name) => !left.includes(name));
  const kept = names.filter((name) => left.includes(name));
  return (
    kept.join() === left.join() &&
    gone.every((name) => retirement.isPrincipalDone(name)) &&
    blankAws(before.value) === blankAws(after.value)
  );
}

/** The subjects that a statement of the cluster's provider names, and the statement's text without them; undefined for any other. */
function subjectsOf(
  statement: Json,
  providerArn: string | undefined,
): { readonly values: readonly string[]; readonly blank: string } | undefined {
  const issuer = providerArn?.split(':oidc-provider/')[1]?.toLowerCase();
  const { Principal: principal, Condition: condition, Effect: effect } = statement;
  if (issuer === undefined || effect !== 'Allow' || !isObject(principal) || !isObject(condition)) return undefined;
  if (!listOf(principal.Federated).includes(providerArn)) return undefined;
  for (const [operator, keys] of Object.entries(condition)) {
    if (!isObject(keys)) continue;
    const key = Object.keys(keys).find((name) => name.toLowerCase() === `${issuer}:sub`);
    if (key === undefined) continue;
    const without = { ...statement, Condition: { ...condition, [operator]: { ...keys, [key]: null } } };
    return { values: listOf(keys[key]).map(String), blank: JSON.stringify(without) };
  }
  return undefined;
}

function awsNames({ Principal: principal, Effect: effect }: Json): readonly string[] | undefined {
  return effect === 'Allow' && isObject(principal) && principal.AWS !== undefined ? listOf(principal.AWS).map(String) : undefined;
}

function onlyAws({ Principal: principal }: Json): boolean {
  return isObject(principal) && Object.keys(principal).length === 1;
}

function blankAws(statement: Json): string {
  const { AWS: _names, ...others } = (isObject(statement.Principal) ? statement.Principal : {}) as { AWS?: unknown };
  return JSON.stringify({ ...statement, Principal: others });
}

function listOf(value: unknown): readonly unknown[] {
  return value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function said(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}
