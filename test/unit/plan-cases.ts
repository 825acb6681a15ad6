import { expect } from 'vitest';
import { type Case, inventory, planOf } from './plan-inventories.ts';

/** The decision, the findings and their subjects, and that a unit that does not migrate is left alone. */
export function checkCase({ facts, options, decision, codes }: Case): void {
  const plan = planOf(inventory(facts), options);
  const [unit] = plan.units;
  expect({ decision: unit?.decision, codes: unit?.findings }).toEqual({ decision, codes });
  // Each code has a finding about the service account, a workload or the role.
  const subjects = [
    `ServiceAccount/${unit?.id}`,
    `Role/${unit?.roleArn}`,
    ...(unit?.workloads ?? []).map(({ kind, name }) => `${kind}/${unit?.namespace}/${name}`),
  ];
  for (const code of codes) expect(plan.findings.some((found) => found.code === code && subjects.includes(found.subject))).toBe(true);
  expect(unit?.wave).toBe(decision === 'migrate' ? 0 : null);
  expect(plan.waves).toBe(decision === 'migrate' ? 1 : 0);
  expect(plan.roles.length).toBe(decision === 'migrate' ? 1 : 0);
  expect(unit?.reason === '').toBe(decision === 'migrate');
  if (decision !== 'migrate') {
    expect(unit?.removeAnnotations).toEqual([]);
    expect(unit?.workloads.every(({ restart }) => restart === 'none')).toBe(true);
  }
}
