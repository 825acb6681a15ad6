import { cutBatches } from '../../../src/migration/batch/batch.ts';
import { roundOf } from '../../../src/migration/run/round.ts';

/** Names of units and roles as they often are; the longest that they can have (Kubernetes: DNS label and subdomain; IAM: path and name). */
const NAMES = {
  usual: { unitId: `${'n'.repeat(20)}/${'s'.repeat(60)}`, roleArn: `arn:aws-us-gov:iam::111122223333:role/${'r'.repeat(64)}` },
  longest: { unitId: `${'n'.repeat(63)}/${'s'.repeat(253)}`, roleArn: `arn:aws-us-gov:iam::111122223333:role${'r'.repeat(512 + 64)}` },
} as const;

/** Which of them. */
export type Names = keyof typeof NAMES;

/** How many units of such names one step of a run hands out, of the largest wave. */
export function unitsOfStep(names: Names, step: 'migrate' | 'confirm'): number {
  const { unitId, roleArn } = NAMES[names];
  const one = { unitId, roleArn: step === 'migrate' ? roleArn : '', addon: undefined, splits: false };
  return cutBatches(Array.from({ length: 500 }, () => one)).flatMap((batch) => batch.units).length;
}

/** The rounds in which a loop goes through so many roles of such names, and finds none left. */
export function roundsOf(roles: number, names: Names): number {
  const some = Array.from({ length: 1000 }, (_, index) => `${NAMES[names].roleArn.slice(4)}${1000 + index}`);
  return Math.ceil(roles / roundOf(some, '', (arns) => arns).items.length) + 1;
}
