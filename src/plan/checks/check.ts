import { type Finding, type FindingCode, finding } from '../../model/findings.ts';

/**
 * When a check speaks:
 * - `always`: of every unit
 * - `unless-associated`: where the association and the trust policy are right as they are, it is not asked
 * - `if-migrated`: the same, and what it says is dropped where a blocker holds the unit: it only tells what a migration would mean
 */
export type When = 'always' | 'unless-associated' | 'if-migrated';

/** Where in its unit something was seen: the workload's place among the unit's, and the place within the workload. */
export type Place = readonly [workload: number, within: number];

/** What a check has to say of one object. */
export interface Told {
  readonly subject: string;
  readonly message: string;
  /** Where the table's remedy can be said more exactly. */
  readonly remedy?: string | undefined;
  readonly place?: Place;
}

/** One answer, several, or none. */
export type Answers<Answer> = Answer | readonly Answer[] | undefined;

/** One row of a table of checks: a code, and the pure function that says whether and of what it is true. */
export interface Row<Facts> {
  readonly code: FindingCode;
  readonly when: When;
  readonly check: (facts: Facts) => Answers<Told>;
}

/** Checks in the order of docs/findings.md. */
export type Table<Facts> = readonly Row<Facts>[];

/** A finding with what decides about its being told. */
export interface Found {
  readonly finding: Finding;
  readonly when: When;
  readonly place: Place;
  /** A blocker that the options accept: a warning now. */
  readonly isAccepted?: true;
}

/** A row whose check names the subject itself. */
export function row<Facts>(code: FindingCode, check: Row<Facts>['check'], when: When = 'always'): Row<Facts> {
  return { code, check, when };
}

/** All that a table says about these facts, in the order of its rows. */
export function runChecks<Facts>(table: Table<Facts>, facts: Facts): Found[] {
  return table.flatMap(({ code, when, check }) =>
    listed(check(facts)).map(({ subject, message, remedy, place = [0, 0] }) => ({
      finding: finding(code, subject, message, remedy),
      when,
      place,
    })),
  );
}

/** A check's answers as a list. */
export function listed<Answer extends object | string>(answers: Answers<Answer>): readonly Answer[] {
  if (answers === undefined) return [];
  return isList(answers) ? answers : [answers];
}

function isList<Answer extends object | string>(answers: Answer | readonly Answer[]): answers is readonly Answer[] {
  return Array.isArray(answers);
}
