import { describe, expect, test } from 'vitest';
import { admitServiceAccounts, type Grant, retireIssuerSubjects, revokeServiceAccounts, widening } from '../../../src/trust/index.ts';
import {
  ACCOUNT,
  account,
  CLUSTER,
  clusterGrant,
  document,
  EC2,
  grantTo,
  ISSUER,
  irsa,
  ours,
  oursForCluster,
  podIdentity,
  read,
} from '../fixtures/trust/example.ts';

function grown(before: string, after: string, allowed: Grant = grantTo()): string[] {
  return widening(read(before), read(after), allowed);
}

const pay = 'system:serviceaccount:shop:pay';
const api = 'system:serviceaccount:shop:api';
const deny = { Sid: 'Guard', Effect: 'Deny', Principal: '*', Action: 'sts:AssumeRole' };
const base = [irsa([api, pay]), EC2];

describe('what is no widening:', () => {
  test('our own grants, revocations and retirements', () => {
    for (const grant of [grantTo('shop/pay'), grantTo('a/x', 'b/y', 'a/y'), clusterGrant('shop/pay')]) {
      for (const before of [document(...base), document(ours(0, 'a', 'x'), ...base), `{"Statement":${JSON.stringify(EC2)}}`]) {
        const granted = admitServiceAccounts(read(before), { ...grant, sizeLimit: 10_000 });
        if (granted.kind !== 'changed') throw new Error(granted.kind);
        expect(grown(before, granted.text, grant)).toEqual([]);
        expect(
          grown(granted.text, revokeServiceAccounts(read(granted.text), { clusterArn: CLUSTER, serviceAccounts: 'all' }).text),
        ).toEqual([]);
        expect(
          grown(granted.text, revokeServiceAccounts(read(granted.text), { clusterArn: CLUSTER, serviceAccounts: [account('a/x')] }).text),
        ).toEqual([]);
      }
    }
    const retired = retireIssuerSubjects(read(document(...base)), {
      issuer: ISSUER,
      accountId: ACCOUNT,
      partition: 'aws',
      serviceAccounts: [account('shop/pay')],
    });
    expect(retired.kind === 'changed' && grown(document(...base), retired.text)).toEqual([]);
  });

  const cases: Record<string, [before: string, after: string, allowed?: Grant]> = {
    'the same text': [document(deny), document(deny)],
    'white space between statements': [document(EC2, deny), ` ${document(EC2, deny).replace('},{', '} ,\n {')}`],
    'another Id, and a list around the only statement': [
      `{"Id":"a","Statement":${JSON.stringify(EC2)}}`,
      `{"Id":"b","Statement":[${JSON.stringify(EC2)}]}`,
    ],
    'a Version that is named now': [`{"Statement":[]}`, `{"Version":"2008-10-17","Statement":[]}`],
    'an Allow that is taken out': [document(podIdentity(), EC2), document(EC2)],
    'every Allow taken out': [document(podIdentity(), EC2), document()],
    'fewer subjects': [document(irsa([api, pay])), document(irsa([pay]))],
    'one subject instead of a list': [document(irsa([api, pay])), document(irsa(pay))],
    'fewer patterns': [
      document(irsa([], { Condition: { 'foranyvalue:STRINGlike': { [`${ISSUER}:sub`]: ['a*', 'b*'] }, Bool: { x: 'true' } } })),
      document(irsa([], { Condition: { 'foranyvalue:STRINGlike': { [`${ISSUER}:sub`]: ['b*'] }, Bool: { x: 'true' } } })),
    ],
    'our statements put elsewhere': [document(ours(0, 'shop', 'pay'), EC2), document(EC2, ours(0, 'shop', 'pay'))],
    'our statement without one of its names': [document(ours(0, 'shop', ['api', 'pay'])), document(ours(0, 'shop', 'pay'))],
    'our statement in two': [document(ours(0, 'shop', ['api', 'pay'])), document(ours(0, 'shop', 'pay'), ours(1, 'shop', 'api'))],
    'what was admitted before by a foreign statement': [document(podIdentity()), document(podIdentity(), ours(0, 'shop', 'pay'))],
    'what was admitted before by a foreign statement over session tags': [
      document({ ...ours(0, 'shop', 'pay'), Sid: 'x' }),
      document({ ...ours(0, 'shop', 'pay'), Sid: 'x' }, ours(0, 'shop', 'pay')),
    ],
    'what was admitted before by our cluster statement': [document(oursForCluster(0)), document(ours(0, 'shop', 'pay'))],
    'a cluster statement that was there': [
      document(oursForCluster(0)),
      document(EC2, oursForCluster(0)).replace(`${JSON.stringify(EC2)},`, ''),
    ],
    'service accounts of a cluster grant by name': [document(EC2), document(EC2, ours(0, 'shop', 'pay')), clusterGrant('shop/pay')],
    'the whole cluster, where that is allowed': [document(EC2), document(EC2, oursForCluster(0)), clusterGrant()],
  };
  test.each(Object.entries(cases))('%s', (_, [before, after, allowed]) => {
    expect(grown(before, after, allowed)).toEqual([]);
  });
});
