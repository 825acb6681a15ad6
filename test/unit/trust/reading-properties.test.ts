import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  admitServiceAccounts,
  admitsPodIdentity,
  admitsWebIdentity,
  parseTrustPolicy,
  retireIssuerSubjects,
  revokeServiceAccounts,
  widening,
} from '../../../src/trust/index.ts';
import { foreignStatement, irsaStatement, serviceAccounts, trustDocument } from '../fixtures/trust/arbitrary.ts';
import { document, ours, read } from '../fixtures/trust/example.ts';
import {
  ORACLE_ACCOUNT,
  ORACLE_ISSUERS,
  ORACLE_NAMES,
  oracleAdmits,
  oracleClusterArn,
  READINGS,
  worldOf,
} from '../fixtures/trust/oracle.ts';

import { allowedIds, granted, grants, growth, RUNS, textsOf } from '../fixtures/trust/property.ts';

describe('the evaluation', () => {
  test('of a random document says yes or no only where the oracle does in every reading', () => {
    const seen = { yes: 0, no: 0, undecidable: 0 };
    fc.assert(
      fc.property(trustDocument, (text) => {
        const policy = read(text);
        const readings = READINGS.map((reading) => oracleAdmits(text, reading));
        for (const request of worldOf(READINGS[0] as (typeof READINGS)[number])) {
          const { context } = request;
          const answer =
            request.type === 'Federated'
              ? admitsWebIdentity(policy, {
                  providerArn: request.name,
                  issuer: request.name.split('oidc-provider/')[1] as string,
                  subject: Object.values(context)[0] as string,
                  audience: 'sts.amazonaws.com',
                })
              : request.id.startsWith('pods')
                ? admitsPodIdentity(policy, podIdentityRequest(request.id))
                : undefined;
          if (answer === undefined) continue;
          seen[answer]++;
          const said = new Set(readings.map((admitted) => (admitted.has(request.id) ? 'yes' : 'no')));
          if (answer !== 'undecidable') expect([request.id, ...said]).toEqual([request.id, answer]);
        }
      }),
      RUNS,
    );
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(20);
  });

  function podIdentityRequest(id: string): Parameters<typeof admitsPodIdentity>[1] {
    const [, clusterName = '', pair = '', without] = id.split(' ');
    const [namespace = '', serviceAccount = ''] = pair.split('/');
    return {
      clusterArn: oracleClusterArn(clusterName),
      clusterName,
      accountId: ORACLE_ACCOUNT,
      namespace,
      serviceAccount,
      sessionTags: without === undefined,
    };
  }
});

describe('the comparison', () => {
  test('of two random documents never misses what the oracle sees grow', () => {
    let grew = 0;
    fc.assert(
      fc.property(trustDocument, trustDocument, grants, (before, now, grant) => {
        const grown = growth(before, now, allowedIds(grant));
        grew += Number(grown.length > 0);
        if (grown.length > 0) expect(widening(read(before), read(now), grant)).not.toEqual([]);
      }),
      RUNS,
    );
    expect(grew).toBeGreaterThan(20);
  });

  /** One change of somebody who edits what a grant wrote. */
  const meddling = fc.oneof(
    fc.record({ kind: fc.constant('insert' as const), at: fc.nat(6), statement: foreignStatement }),
    fc.record({ kind: fc.constant('remove' as const), at: fc.nat(6) }),
    fc.record({ kind: fc.constant('replace' as const), at: fc.nat(6), statement: foreignStatement }),
    fc.record({ kind: fc.constant('swap' as const), at: fc.nat(6), other: fc.nat(6) }),
    fc.record({ kind: fc.constant('widen' as const), at: fc.nat(6), name: fc.constantFrom(...ORACLE_NAMES) }),
    fc.record({ kind: fc.constant('version' as const), at: fc.nat(6) }),
    fc.record({ kind: fc.constant('drop-condition' as const), at: fc.nat(6) }),
  );

  test('of a grant that somebody meddled with never misses what the oracle sees grow', () => {
    let grew = 0;
    fc.assert(
      fc.property(trustDocument, grants, fc.array(meddling, { minLength: 1, maxLength: 3 }), (text, grant, changes) => {
        const root = JSON.parse(granted(text, grant));
        const statements: Record<string, unknown>[] = Array.isArray(root.Statement) ? root.Statement : [root.Statement];
        for (const change of changes) {
          const index = statements.length === 0 ? 0 : change.at % statements.length;
          const statement = statements[index];
          if (change.kind === 'insert') statements.splice(index, 0, change.statement as Record<string, unknown>);
          else if (change.kind === 'remove') statements.splice(index, 1);
          else if (change.kind === 'replace') statements.splice(index, 1, change.statement as Record<string, unknown>);
          else if (change.kind === 'version') root.Version = root.Version === '2012-10-17' ? '2008-10-17' : '2012-10-17';
          else if (statement === undefined) continue;
          else if (change.kind === 'drop-condition') delete statement.Condition;
          else if (change.kind === 'swap') statements.push(...statements.splice(index, 1 + change.other));
          else if (change.kind === 'widen') {
            const equals = (statement.Condition as Record<string, Record<string, unknown>> | undefined)?.StringEquals;
            if (equals !== undefined)
              for (const [key, value] of Object.entries(equals))
                equals[key] = key.endsWith('service-account') ? [value, change.name].flat() : value;
          }
        }
        // Printed as the original was, so that statements which nobody touched keep their bytes where that is the compact way.
        const now = JSON.stringify({ ...root, Statement: statements });
        const before = JSON.stringify(JSON.parse(text));
        const grown = growth(before, now, allowedIds(grant));
        grew += Number(grown.length > 0);
        if (grown.length > 0) expect(widening(read(before), read(now), grant)).not.toEqual([]);
      }),
      { numRuns: 500 },
    );
    expect(grew).toBeGreaterThan(20);
  });

  test('reports each service account that our statements admit beyond the grant', () => {
    fc.assert(
      fc.property(serviceAccounts, grants, (admitted, grant) => {
        const scoped = { ...grant, scope: 'service-account' as const };
        const text = granted(document(), { ...scoped, serviceAccounts: admitted });
        const beyond = admitted.filter(
          ({ namespace, name }) => !grant.serviceAccounts.some((each) => each.namespace === namespace && each.name === name),
        );
        const expected = beyond.map(({ namespace, name }) => `pods.eks.amazonaws.com: ${grant.clusterArn}, ${namespace}/${name}`);
        expect(widening(read(document()), read(text), scoped).sort()).toEqual(expected.sort());
      }),
      RUNS,
    );
  });
});

describe('the retirement of subjects', () => {
  test('takes nothing away but tokens of those it names, gives nobody anything, and is no write the second time', () => {
    let changed = 0;
    const retirable = fc
      .array(fc.oneof(irsaStatement, foreignStatement), { minLength: 1, maxLength: 4 })
      .map((statements) => document(...statements));
    fc.assert(
      fc.property(retirable, serviceAccounts, fc.constantFrom(...ORACLE_ISSUERS), (text, retired, issuer) => {
        const request = { issuer, accountId: ORACLE_ACCOUNT, partition: 'aws', serviceAccounts: retired };
        const result = retireIssuerSubjects(read(text), request);
        if (result.kind !== 'changed') return;
        changed++;
        const grant = {
          clusterArn: oracleClusterArn('prod'),
          accountId: ORACLE_ACCOUNT,
          serviceAccounts: [],
          scope: 'service-account' as const,
        };
        expect(widening(read(text), read(result.text), grant)).toEqual([]);
        const gone = new Set(retired.map(({ namespace, name }) => `token ${issuer} ${namespace}/${name}`));
        for (const reading of READINGS) {
          const now = oracleAdmits(result.text, reading);
          expect([...oracleAdmits(text, reading)].filter((id) => !now.has(id) && !gone.has(id))).toEqual([]);
          expect([...now].filter((id) => !oracleAdmits(text, reading).has(id))).toEqual([]);
        }
        expect(retireIssuerSubjects(read(result.text), request).kind).toBe('unchanged');
      }),
      { numRuns: 500 },
    );
    expect(changed).toBeGreaterThan(20);
  });
});

describe('reading', () => {
  test('never throws, whatever the text', () => {
    const json = fc.json({ maxDepth: 5 });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          json,
          json.map((each) => `{"Statement":${each}}`),
          json.map((each) => `{"Statement":[{"Effect":"Deny","Principal":${each},"Condition":${each}}]}`),
        ),
        (text) => {
          const result = parseTrustPolicy(text);
          if (!result.ok) {
            expect(result.problem).not.toBe('');
            return;
          }
          const grant = {
            clusterArn: oracleClusterArn('prod'),
            accountId: ORACLE_ACCOUNT,
            serviceAccounts: [{ namespace: 'shop', name: 'pay' }],
            scope: 'service-account' as const,
          };
          admitServiceAccounts(result.policy, grant);
          revokeServiceAccounts(result.policy, { clusterArn: grant.clusterArn, serviceAccounts: 'all' });
          retireIssuerSubjects(result.policy, { issuer: 'x', partition: 'aws', ...grant });
          widening(result.policy, read(document(ours(0, 'shop', 'pay'))), grant);
          widening(read(document(ours(0, 'shop', 'pay'))), result.policy, grant);
          admitsWebIdentity(result.policy, { providerArn: 'x', issuer: 'y', subject: 'z', audience: 'a' });
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('a random statement stands where its text is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 4 }),
        fc.constantFrom(undefined, 1, '\t', '\n \r'),
        (statements, space) => {
          const policy = read(JSON.stringify({ Version: '2012-10-17', Statement: statements }, null, space));
          expect(textsOf(policy).map((each) => JSON.parse(each))).toEqual(JSON.parse(JSON.stringify(statements)));
          expect(policy.statements.every(({ doubtful }) => doubtful.size === 0)).toBe(true);
        },
      ),
      RUNS,
    );
  });
});
