import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FINDINGS, type FindingCode, finding } from '../../../src/model/findings.ts';

const page = readFileSync(new URL('../../../docs/findings.md', import.meta.url), 'utf8');
const documented = new Map(
  [...page.matchAll(/^\| (PS\d{3}) \| (\w+) \| (.+) \| (.+) \|$/gm)].map(([, code, severity, title, remedy]) => [
    code,
    { severity, title, remedy },
  ]),
);

describe('the finding table and its page', () => {
  it.each(Object.keys(FINDINGS))('%s is documented as the table has it', (code) => {
    expect(documented.get(code)).toEqual(FINDINGS[code as FindingCode]);
  });

  it('documents no code that the table lacks', () => {
    expect([...documented.keys()].filter((code) => code !== undefined && !(code in FINDINGS))).toEqual([]);
    expect(documented.size).toBe(Object.keys(FINDINGS).length);
  });

  it('names only codes of the table in its text', () => {
    const named = [...page.matchAll(/PS\d{3}/g)].map(([code]) => code);
    expect(named.filter((code) => !(code in FINDINGS))).toEqual([]);
  });

  it('answers each pain that this version takes on', () => {
    const rows = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, row]) => Number(row));
    expect(rows).toEqual(Array.from({ length: 27 }, (_, index) => index + 1));
  });

  it('tells nobody to delete what pods use', () => {
    const told = Object.entries(FINDINGS).filter(([, { remedy }]) =>
      /(^|[,:;] |, or )(delete (it|the association|the pod)|Delete (it|the association))\b/.test(remedy),
    );
    // An association that does not work and a daemon that runs nowhere are used by nobody; pods that end by themselves are told apart.
    expect(told.map(([code]) => code).filter((code) => !['PS113', 'PS310', 'PS739'].includes(code))).toEqual([]);
  });

  it('keeps codes in order, each once', () => {
    const codes = Object.keys(FINDINGS);
    expect([...codes].sort()).toEqual(codes);
  });
});

describe('finding', () => {
  it('takes severity and remedy from the table', () => {
    expect(finding('PS104', 'ServiceAccount/a/b', 'a/b names a role that does not exist')).toEqual({
      code: 'PS104',
      severity: 'blocker',
      subject: 'ServiceAccount/a/b',
      message: 'a/b names a role that does not exist',
      remedy: FINDINGS.PS104.remedy,
    });
  });

  it('takes a more exact remedy where one is given', () => {
    expect(finding('PS501', 'ServiceAccount/a/b', 'x', 'edit values.yaml').remedy).toBe('edit values.yaml');
  });
});
