import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type RetireResult, retirePrincipals } from '../../../src/trust/index.ts';
import { trustDocument } from '../fixtures/trust/arbitrary.ts';
import { ACCOUNT, document, EC2, ours, read } from '../fixtures/trust/example.ts';
import { ORACLE_ACCOUNT, oracleAdmits, READINGS } from '../fixtures/trust/oracle.ts';

const NODES = `arn:aws:iam::${ACCOUNT}:role/nodes`;
const OTHERS = `arn:aws:iam::${ACCOUNT}:role/other-nodes`;
const allow = (principal: unknown, more: object = {}): object => ({
  Effect: 'Allow',
  Principal: principal,
  Action: 'sts:AssumeRole',
  ...more,
});
const keep = ours(0, 'shop', ['api', 'pay']);
const retire = (text: string, ...principals: string[]): RetireResult => retirePrincipals(read(text), principals);

describe("a daemon's principal is taken out", () => {
  const cases: Record<string, [before: (object | string)[], after: (object | string)[]]> = {
    'of a statement of its own': [[allow({ AWS: NODES }), keep], [keep]],
    'of a list of one': [[keep, allow({ AWS: [NODES] })], [keep]],
    'of a list of several': [
      [allow({ AWS: [NODES, OTHERS] }), keep],
      [allow({ AWS: [OTHERS] }), keep],
    ],
    'of a statement with a condition': [[allow({ AWS: NODES }, { Condition: { StringEquals: { 'sts:ExternalId': 'x' } } }), keep], [keep]],
    'beside a service': [
      [allow({ Service: 'ec2.amazonaws.com', AWS: NODES }), keep],
      [allow({ Service: 'ec2.amazonaws.com' }), keep],
    ],
    'of every statement that names it': [
      [allow({ AWS: NODES }), EC2, allow({ AWS: [OTHERS, NODES] })],
      [EC2, allow({ AWS: [OTHERS] })],
    ],
  };
  test.each(Object.entries(cases))('%s', (_, [before, after]) => {
    expect(retire(document(...before), NODES)).toEqual({ kind: 'changed', text: document(...after) });
  });
});

describe('nothing is taken out', () => {
  const cases: Record<string, (object | string)[]> = {
    'where nobody names it': [EC2, keep],
    'of a Deny': [allow({ AWS: NODES }, { Effect: 'Deny' }), keep],
    'where its whole account is named': [allow({ AWS: `arn:aws:iam::${ACCOUNT}:root` }), keep],
    'where everybody is named': [allow('*'), keep],
    'where another role begins with its name': [allow({ AWS: `${NODES}-2` }), keep],
  };
  test.each(Object.entries(cases))('%s', (_, statements) => {
    expect(retire(document(...statements), NODES)).toEqual({ kind: 'unchanged' });
  });
});

describe('an edit is refused', () => {
  test('of a statement that repeats a key', () => {
    const repeated = JSON.stringify(allow({ AWS: NODES })).replace('"Action"', '"Action":"x","Action"');
    expect(retire(document(repeated, keep), NODES)).toMatchObject({ kind: 'refused', problem: { code: 'undecidable' } });
  });

  test('of a statement whose Effect is neither', () => {
    expect(retire(document(allow({ AWS: NODES }, { Effect: 'allow' }), keep), NODES)).toMatchObject({
      kind: 'refused',
      problem: { code: 'undecidable', message: 'statement 1 repeats a key or has no known Effect' },
    });
  });

  test('that would leave no statement', () => {
    expect(retire(document(allow({ AWS: NODES })), NODES)).toMatchObject({ kind: 'refused', problem: { code: 'last-statement' } });
  });

  test('of a document that names a deleted role', () => {
    const dangling = allow({ AWS: 'AROAEXAMPLE' });
    expect(retire(document(allow({ AWS: NODES }), dangling), NODES)).toMatchObject({
      kind: 'refused',
      problem: { code: 'dangling-principal' },
    });
  });
});

test('whatever the document, nobody is let in, and nobody but the principal is kept out', () => {
  const node = `arn:aws:iam::${ORACLE_ACCOUNT}:role/node`;
  let changed = 0;
  fc.assert(
    fc.property(trustDocument, (text) => {
      const result = retire(text, node, OTHERS);
      if (result.kind !== 'changed') return;
      changed += 1;
      for (const reading of READINGS) {
        const before = oracleAdmits(text, reading);
        const after = oracleAdmits(result.text, reading);
        expect([...after].filter((id) => !before.has(id))).toEqual([]);
        expect([...before].filter((id) => !after.has(id) && id !== 'role node')).toEqual([]);
      }
      expect(retire(result.text, node)).toEqual({ kind: 'unchanged' });
    }),
    { numRuns: 2000 },
  );
  expect(changed).toBeGreaterThan(50);
});
