import { some } from './answer.ts';
import type { Call } from './context.ts';
import { applies, statementEffect, stringList } from './evaluate.ts';
import { sidPrefix } from './own-statement.ts';
import { isObject, statementName } from './trust-policy.ts';
import type { TrustPolicy, TrustProblem, TrustStatement } from './types.ts';
import { undecidedParts } from './undecided.ts';

/** What stands against these calls whatever we add: a NotPrincipal anywhere, a Deny that is not proven unable to match. */
export function findBlock(policy: TrustPolicy, calls: readonly Call[]): TrustProblem | undefined {
  for (const statement of policy.statements) {
    if (statement.value.NotPrincipal !== undefined) {
      return { code: 'not-principal', message: `${statementName(policy, statement)} has a NotPrincipal` };
    }
    if (statementEffect(statement) === 'Allow') continue;
    const deniedBy = (call: Call) => some(call.actions, (action) => applies(policy, statement, 'Deny', call, action));
    const denies = some(calls, deniedBy);
    if (denies === 'yes') {
      return { code: 'deny', message: `${statementName(policy, statement)} denies the role to EKS Pod Identity` };
    }
    if (denies === 'undecidable') {
      const call = calls.find((one) => deniedBy(one) === 'undecidable') as Call;
      const why = undecidedParts(policy, statement, call).join(' and ');
      const message = `it cannot be decided whether ${statementName(policy, statement)} denies the role to EKS Pod Identity, because of ${why}`;
      return { code: 'undecidable', message };
    }
  }
  return undefined;
}

/** An id where IAM showed an ARN: its role or user was deleted (IAM user guide, "Principal"). */
const DANGLING = /^A(ROA|IDA)[A-Z0-9]+$/;

/** IAM takes no document back that names a deleted role or user, whatever else changed in it. */
export function findDangling(policy: TrustPolicy): TrustProblem | undefined {
  for (const statement of policy.statements) {
    const { Principal } = statement.value;
    const names = isObject(Principal) ? Object.values(Principal).flatMap((values) => stringList(values) ?? []) : [];
    const id = names.find((name) => DANGLING.test(name));
    if (id === undefined) continue;
    const message = `${statementName(policy, statement)} names ${id}, a deleted role or user; IAM refuses any change until its owner removes it`;
    return { code: 'dangling-principal', message };
  }
  return undefined;
}

/** A statement with a Sid of this cluster that is not as podshift writes it: somebody's edit, and not ours to undo. */
export function findForeignSid(policy: TrustPolicy, clusterArn: string, own: readonly TrustStatement[]): TrustProblem | undefined {
  const prefix = sidPrefix(clusterArn);
  const foreign = policy.statements.find((statement) => statement.sid?.startsWith(prefix) === true && !own.includes(statement));
  if (foreign === undefined) return undefined;
  const message = `${statementName(policy, foreign)} has the Sid of a podshift statement but does not say what podshift writes`;
  return { code: 'foreign-sid', message };
}
