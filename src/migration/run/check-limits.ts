import { PodshiftError } from '../../model/errors.ts';
import type { Plan } from '../../model/plan.ts';
import { type Limited, type Outside, outsideLimits, outsidePlan, withDeployersDefaults } from '../../plan/limits.ts';
import type { JournalRuntime } from '../runtime.ts';

type Deployed = Pick<JournalRuntime, 'deployment'>;

/** So many things are named in a refusal. */
const NAMED = 10;

/** What was asked for, with the deployer's choices in place of defaults; on one machine, as it is. */
export function withDefaults<Asked extends Limited>({ deployment }: Deployed, asked: Asked): Asked {
  return deployment === undefined ? asked : { ...asked, options: withDeployersDefaults(asked.options, deployment.limits) };
}

/** Whether a deployment allows what is asked for. Throws `OutsideLimits` naming each field and its limit. */
export function checkLimits({ deployment }: Deployed, asked: Limited): void {
  if (deployment !== undefined) refuse('the request', outsideLimits(asked, deployment.limits));
}

/** Whether a deployment allows what a plan would do. Throws `OutsideLimits` naming namespaces and roles. */
export function checkPlan({ deployment }: Deployed, plan: Plan): void {
  if (deployment !== undefined) refuse('the plan', outsidePlan(plan, deployment.limits));
}

/** Throws `OutsideLimits` where anything is outside. */
export function refuse(what: string, outside: readonly Outside[]): void {
  if (outside.length === 0) return;
  const named = outside.slice(0, NAMED).map(({ field, message }) => `${field} is ${message}`);
  const rest = outside.length > NAMED ? `; and ${outside.length - NAMED} more` : '';
  const problems = outside.map((one) => ({ in: 'body' as const, ...one }));
  throw new PodshiftError('OutsideLimits', `${what} reaches outside of what this deployment allows: ${named.join('; ')}${rest}`, {
    details: { problems },
  });
}
