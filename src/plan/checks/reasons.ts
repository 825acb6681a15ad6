import type { FindingCode } from '../../model/findings.ts';
import { compareNumbers } from '../waves.ts';
import type { Found } from './check.ts';

/**
 * In which order blockers are told, as the first one is the reason that a plan names. Codes of one line are told workload by
 * workload, and for one workload as they were seen and then in this order. A code that no line has comes after all others.
 */
export type ReasonOrder = readonly (readonly FindingCode[])[];

/** The reasons to hold a unit: what nothing works without first, what keeps it from being restarted last. */
export const HOLD_REASONS: ReasonOrder = [
  // What the daemon gives its pods
  ['PS712'],
  ['PS701', 'PS705'],
  ['PS702'],
  ['PS703', 'PS704', 'PS708', 'PS709'],
  ['PS710', 'PS711'],
  ['PS707', 'PS722'],
  // The role, the association, and what works today
  ['PS108', 'PS101', 'PS102', 'PS103', 'PS105', 'PS104', 'PS201'],
  ['PS109', 'PS110', 'PS111', 'PS203'],
  ['PS113', 'PS106', 'PS107', 'PS202'],
  // Its pods and other users
  ['PS301', 'PS302', 'PS303', 'PS304', 'PS305', 'PS306', 'PS334', 'PS335', 'PS337', 'PS322', 'PS336', 'PS308', 'PS309', 'PS506', 'PS407'],
  ['PS505', 'PS508', 'PS510', 'PS515', 'PS516'],
  ['PS326', 'PS327', 'PS340'],
  ['PS328', 'PS329', 'PS409', 'PS115', 'PS117'],
  ['PS405', 'PS420', 'PS406', 'PS404', 'PS401', 'PS414', 'PS418'],
  // How it would be changed
  ['PS605', 'PS606', 'PS612', 'PS607', 'PS608', 'PS609'],
  ['PS312', 'PS311', 'PS310', 'PS317', 'PS313', 'PS325', 'PS316', 'PS314', 'PS315'],
  ['PS716', 'PS715'],
];

/** The reasons to refuse a retirement: what is in podshift's own way first, then who still depends on the daemon. */
export const REFUSAL_REASONS: ReasonOrder = [
  ['PS733', 'PS703'],
  ['PS704', 'PS735'],
  ['PS734', 'PS736', 'PS737'],
  ['PS731', 'PS732'],
];

/** Puts what was found into the order in which it is told. */
export function tellingOrder(order: ReasonOrder): (found: readonly Found[]) => readonly Found[] {
  const places = new Map(order.flatMap((codes, line) => codes.map((code, rank) => [code, { line, rank }] as const)));
  const keyOf = ({ finding: { code }, place }: Found) => {
    const { line, rank } = places.get(code) ?? { line: order.length, rank: 0 };
    return [line, ...place, rank];
  };
  return (found) =>
    found
      .map((one) => ({ one, key: keyOf(one) }))
      .sort((a, b) => compareNumbers(a.key, b.key))
      .map(({ one }) => one);
}

/** What was found about a unit, its reason to be held first. */
export const inHoldOrder = tellingOrder(HOLD_REASONS);

/** What was found about a retirement, its reason to be refused first. */
export const inRefusalOrder = tellingOrder(REFUSAL_REASONS);
