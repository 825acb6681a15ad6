import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { revokeServiceAccounts, widening } from '../../../src/trust/index.ts';
import { serviceAccounts, trustDocument } from '../fixtures/trust/arbitrary.ts';
import { read } from '../fixtures/trust/example.ts';
import { oracleAdmits, podIdentityId, READINGS } from '../fixtures/trust/oracle.ts';

import { admit, allowedIds, clusterOf, granted, grants, growth, RUNS, textsOf } from '../fixtures/trust/property.ts';

describe('a random grant on a random document', () => {
  test('admits those it names and nobody else, as the oracle sees it in every reading', () => {
    const seen = { changed: 0, unchanged: 0, refused: 0 };
    fc.assert(
      fc.property(trustDocument, grants, (text, grant) => {
        const result = admit(text, grant);
        seen[result.kind]++;
        if (result.kind === 'refused') return;
        const now = result.kind === 'changed' ? result.text : text;
        expect(growth(text, now, allowedIds(grant))).toEqual([]);
        for (const reading of READINGS) {
          const admitted = oracleAdmits(now, reading);
          const named = grant.serviceAccounts.map(({ namespace, name }) => podIdentityId(clusterOf(grant), namespace, name, true));
          expect(named.filter((id) => !admitted.has(id))).toEqual([]);
        }
      }),
      RUNS,
    );
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
  });

  test('is no widening to the comparison either', () => {
    fc.assert(
      fc.property(trustDocument, grants, (text, grant) => {
        expect(widening(read(text), read(granted(text, grant)), grant)).toEqual([]);
      }),
      RUNS,
    );
  });

  test('keeps every other statement byte for byte and in order, and everything around them', () => {
    fc.assert(
      fc.property(trustDocument, grants, (text, grant) => {
        const before = read(text);
        const now = read(granted(text, grant));
        expect(textsOf(now).slice(0, before.statements.length)).toEqual(textsOf(before));
        expect(now.text.slice(0, now.statementStart)).toBe(text.slice(0, before.statementStart));
        expect(now.text.slice(now.statementEnd)).toBe(text.slice(before.statementEnd));
      }),
      RUNS,
    );
  });

  test('is no write the second time', () => {
    fc.assert(
      fc.property(trustDocument, grants, (text, grant) => {
        const result = admit(text, grant);
        if (result.kind === 'changed') expect(admit(result.text, grant).kind).toBe('unchanged');
      }),
      RUNS,
    );
  });

  test('is taken back by a revocation, to the byte or for a single object to its meaning', () => {
    fc.assert(
      fc.property(trustDocument, grants, (text, grant) => {
        const result = admit(text, grant);
        if (result.kind !== 'changed') return;
        const revoked = revokeServiceAccounts(read(result.text), { clusterArn: grant.clusterArn, serviceAccounts: 'all' });
        expect(revoked.changed).toBe(true);
        if (read(text).isArray) expect(revoked.text).toBe(text);
        else expect(textsOf(read(revoked.text))).toEqual(textsOf(read(text)));
      }),
      RUNS,
    );
  });

  test('means the same in one go and one service account after the other', () => {
    fc.assert(
      fc.property(trustDocument, grants, (text, grant) => {
        const single = grant.serviceAccounts.reduce((now, each) => granted(now, { ...grant, serviceAccounts: [each] }), text);
        const whole = granted(text, grant);
        for (const reading of READINGS)
          if (admit(text, grant).kind !== 'refused') expect(oracleAdmits(single, reading)).toEqual(oracleAdmits(whole, reading));
      }),
      RUNS,
    );
  });

  test('on top of another is taken back alone', () => {
    fc.assert(
      fc.property(trustDocument, grants, serviceAccounts, (text, grant, more) => {
        const scoped = { ...grant, scope: 'service-account' as const };
        // A refused first grant admits nobody, so that none of its service accounts was there before the second.
        fc.pre(admit(text, scoped).kind !== 'refused');
        const first = granted(text, scoped);
        const second = granted(first, { ...scoped, serviceAccounts: more });
        const added = more.filter(
          ({ namespace, name }) => !scoped.serviceAccounts.some((each) => each.namespace === namespace && each.name === name),
        );
        expect(revokeServiceAccounts(read(second), { clusterArn: grant.clusterArn, serviceAccounts: added }).text).toBe(first);
      }),
      RUNS,
    );
  });
});
