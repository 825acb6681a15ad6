import type { Plan } from '../../model/plan.ts';
import type { PlannedChange } from '../../plan/changes.ts';
import { TRUST_FIELD } from '../../plan/changes.ts';
import { optionTexts, valueText } from '../change-text.ts';
import { describePlan } from '../report.ts';
import { unitName } from '../summary.ts';
import { count } from '../text.ts';
import { trustScope } from '../trust-diff.ts';

/** What somebody is told of a plan who has to approve it. */
export interface PlanNotice {
  readonly units: { readonly migrate: number; readonly held: number; readonly associated: number };
  /** Fields that would change. */
  readonly changes: number;
  readonly findings: number;
  /** One line for people, of at most {@link MAX_NOTICE} bytes, without quotes and line breaks: it goes into templates as it is. */
  readonly text: string;
  /** How many options, units, changes and findings the text only counts. */
  readonly omitted: number;
}

/**
 * The most bytes of a notice. Ten events of one PutEvents have 256 KB together (EventBridge API reference), and so has a message of SNS.
 */
export const MAX_NOTICE = 8_000;

/** Room for the sentence that counts what does not fit. */
const TAIL = 200;

/**
 * A plan in few words: its units, the options that are not as by default and the images, each field before and after, of trust policies
 * who is let in, and its findings; as much as has room, in this order. What has none is counted, with the command that shows it. Pure.
 */
export function planNotice(plan: Plan, runId: string): PlanNotice {
  const { units, changes, findings, options } = describePlan(plan);
  const number = (status: string): number => units.filter((unit) => unit.status === status).length;
  const counts = { migrate: number('pending'), held: number('held'), associated: number('migrated') };
  const parts = [
    ...optionTexts(options)
      .filter(({ option, text, fallback }) => text !== fallback || IMAGES.has(option))
      .map(({ option, text }) => `option ${option} ${text}`),
    ...units
      .filter(({ status }) => status === 'pending')
      .map((unit) => `unit ${unitName(unit)} gets ${unit.roleArn} in wave ${(unit.wave ?? 0) + 1}`),
    ...changes.flatMap(changeTexts),
    ...units.filter(({ status }) => status === 'held').map((unit) => `blocked ${unitName(unit)}: ${unit.reason}`),
    ...findings.filter(({ severity }) => severity !== 'info').map(({ code, subject, message }) => `${code} ${subject}: ${message}`),
    ...findings.filter(({ severity }) => severity === 'info').map(({ code, subject }) => `${code} ${subject}`),
  ].map(plainly);
  const head = `${count(counts.migrate, 'service account')} would migrate, ${counts.held} blocked, ${counts.associated} associated already; ${count(changes.length, 'field')} would change`;
  const told = fitting(parts, MAX_NOTICE - TAIL - Buffer.byteLength(head));
  const omitted = parts.length - told.length;
  const how = `podshift approve ${runId} --service URL`;
  const tail = omitted === 0 ? `all of it again: ${how}` : `and ${omitted} more, which have no room here: ${how}`;
  return { units: counts, changes: changes.length, findings: findings.length, text: `${[head, ...told].join('; ')}. ${tail}`, omitted };
}

/** Options that say what runs in the cluster: told also where they are as by default. */
const IMAGES: ReadonlySet<string> = new Set(['probeImage', 'retireImage']);

function changeTexts({ object, field, before, after }: PlannedChange): string[] {
  if (field !== TRUST_FIELD) return [`${object}${field === '' ? '' : ` ${field}`}: ${valueText(before)} -> ${valueText(after)}`];
  const [old, now] = [trustScope(String(before)), trustScope(String(after))];
  return [
    ...now.filter((line) => !old.includes(line)).map((line) => `${object} admits ${line}`),
    ...old.filter((line) => !now.includes(line)).map((line) => `${object} no longer admits ${line}`),
  ];
}

/** Without what templates and JSON give another meaning. */
function plainly(text: string): string {
  return text.replaceAll('"', "'").replaceAll(/[\\\p{Cc}]+/gu, ' ');
}

/** The first parts that fit into so many bytes, a separator each. */
function fitting(parts: readonly string[], room: number): readonly string[] {
  let left = room;
  const end = parts.findIndex((part) => {
    left -= Buffer.byteLength(part) + 2;
    return left < 0;
  });
  return end === -1 ? parts : parts.slice(0, end);
}
