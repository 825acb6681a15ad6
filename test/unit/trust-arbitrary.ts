import fc from 'fast-check';
import { ORACLE_ACCOUNT, ORACLE_CLUSTERS, ORACLE_ISSUERS, ORACLE_NAMES, ORACLE_NAMESPACES, oracleClusterArn } from './trust-oracle.ts';

/** Random trust policies over the oracle's small world, with every variant of the grammar, printed in several ways. */

function oneOrMore(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof(value, fc.array(value, { minLength: 1, maxLength: 3 }));
}

const issuer = fc.constantFrom(...ORACLE_ISSUERS);
const provider = issuer.map((each) => `arn:aws:iam::${ORACLE_ACCOUNT}:oidc-provider/${each}`);
const namespacePattern = fc.constantFrom(...ORACLE_NAMESPACES, 'shop*', '*', 'nowhere');
const namePattern = fc.constantFrom(...ORACLE_NAMES, 'pay*', 'pa?', '*');
const clusterPattern = fc.constantFrom(...ORACLE_CLUSTERS, 'prod*', '*');

const principal = fc.oneof(
  { weight: 4, arbitrary: provider.map((each) => ({ Federated: each })) },
  { weight: 3, arbitrary: fc.constant({ Service: 'pods.eks.amazonaws.com' }) },
  fc.constant('*'),
  fc.record(
    {
      AWS: oneOrMore(fc.constantFrom('*', `arn:aws:iam::${ORACLE_ACCOUNT}:root`, `arn:aws:iam::${ORACLE_ACCOUNT}:role/node`)),
      Service: oneOrMore(fc.constantFrom('ec2.amazonaws.com', 'pods.eks.amazonaws.com')),
      Federated: oneOrMore(provider),
    },
    { requiredKeys: [] },
  ),
);

const action = oneOrMore(
  fc.constantFrom(
    'sts:AssumeRole',
    'sts:TagSession',
    'sts:AssumeRoleWithWebIdentity',
    'sts:AssumeRole*',
    'sts:*',
    'STS:tagsession',
    '*',
    'sts:GetCallerIdentity',
  ),
);

const set = fc.constantFrom('', '', '', 'ForAnyValue:', 'ForAllValues:');
const ifExists = fc.constantFrom('', '', '', 'IfExists');
const text = fc.constantFrom('StringEquals', 'StringLike', 'StringNotEquals', 'stringnotlike', 'StringEqualsIgnoreCase', 'ArnUnheard');

function test(
  operator: fc.Arbitrary<string>,
  key: fc.Arbitrary<string>,
  values: fc.Arbitrary<unknown>,
): fc.Arbitrary<[string, string, unknown]> {
  return fc.tuple(
    fc.tuple(set, operator, ifExists).map((parts) => parts.join('')),
    key,
    oneOrMore(values),
  );
}

const oneTest = fc.oneof(
  test(text, fc.constantFrom('aws:RequestTag/kubernetes-namespace', 'AWS:requesttag/Kubernetes-Namespace'), namespacePattern),
  test(text, fc.constant('aws:RequestTag/kubernetes-service-account'), namePattern),
  test(text, fc.constant('aws:RequestTag/eks-cluster-name'), clusterPattern),
  test(
    fc.constantFrom('ArnEquals', 'ArnLike', 'ArnNotLike', 'StringEquals'),
    fc.constantFrom('aws:SourceArn', 'aws:RequestTag/eks-cluster-arn'),
    clusterPattern.map(oracleClusterArn),
  ),
  test(text, fc.constant('aws:SourceAccount'), fc.constantFrom(ORACLE_ACCOUNT, Number(ORACLE_ACCOUNT), '444455556666')),
  test(text, fc.constant('aws:SourceOrgID'), fc.constantFrom('o-ours', 'o-other')),
  test(fc.constantFrom('Bool'), fc.constant('aws:PrincipalIsAWSService'), fc.constantFrom('true', 'false', true, false)),
  test(
    text,
    issuer.map((each) => `${each}:sub`),
    fc.tuple(namespacePattern, namePattern).map(([namespace, name]) => `system:serviceaccount:${namespace}:${name}`),
  ),
  fc.tuple(
    fc
      .tuple(fc.constantFrom('ForAnyValue:', 'ForAllValues:'), fc.constantFrom('StringEquals', 'StringLike', 'StringNotLike'), ifExists)
      .map((parts) => parts.join('')),
    fc.constant('aws:TagKeys'),
    oneOrMore(fc.constantFrom('eks-*', 'kubernetes-*', 'kubernetes-namespace', 'team')),
  ),
  fc.tuple(fc.constant('Null'), fc.constantFrom('aws:SourceIp', 'aws:RequestTag/kubernetes-namespace'), fc.constantFrom('true', 'false')),
  test(fc.constantFrom('StringEquals', 'StringNotEquals'), fc.constantFrom('aws:SourceVpc', 'aws:PrincipalOrgID'), fc.constant('x')),
);

const condition = fc.array(oneTest, { maxLength: 3 }).map((tests) => {
  const block: Record<string, Record<string, unknown>> = {};
  for (const [operator, key, values] of tests) {
    const name = Object.keys(block).find((each) => each.toLowerCase() === operator.toLowerCase()) ?? operator;
    block[name] ??= {};
    const keys = block[name];
    if (!Object.keys(keys).some((each) => each.toLowerCase() === key.toLowerCase())) keys[key] = values;
  }
  return block;
});

/** One statement that podshift did not write. */
export const foreignStatement: fc.Arbitrary<object> = fc
  .record({
    sid: fc.option(fc.constantFrom('', 'A b', 'AllowEksPodIdentity', 'Podshift000000000000'), { nil: undefined }),
    effect: fc.constantFrom('Allow', 'Allow', 'Allow', 'Deny'),
    principal,
    action,
    isNotAction: fc.constantFrom(false, false, false, false, true),
    condition: fc.option(condition, { nil: undefined }),
  })
  .map((part) => ({
    ...(part.sid === undefined ? {} : { Sid: part.sid }),
    Effect: part.effect,
    Principal: part.principal,
    [part.isNotAction ? 'NotAction' : 'Action']: part.action,
    ...(part.condition === undefined ? {} : { Condition: part.condition }),
  }));

/** A usual statement of an issuer: exact subjects and an audience. */
export const irsaStatement: fc.Arbitrary<object> = fc
  .tuple(
    issuer,
    oneOrMore(
      fc
        .tuple(fc.constantFrom(...ORACLE_NAMESPACES), fc.constantFrom(...ORACLE_NAMES))
        .map((pair) => `system:serviceaccount:${pair.join(':')}`),
    ),
  )
  .map(([each, subjects]) => ({
    Effect: 'Allow',
    Principal: { Federated: `arn:aws:iam::${ORACLE_ACCOUNT}:oidc-provider/${each}` },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: { [`${each}:sub`]: subjects, [`${each}:aud`]: 'sts.amazonaws.com' } },
  }));

/** How a document may be printed. */
const printed = fc.constantFrom<(value: unknown) => string>(
  (value) => JSON.stringify(value),
  (value) => JSON.stringify(value, null, 2),
  (value) => JSON.stringify(value, null, '\t').replaceAll('\n', '\r\n'),
  (value) => ` ${JSON.stringify(value).replaceAll('":', '" : ')}\n`,
);

/** The text of a trust policy, with its statements. */
export const trustDocument: fc.Arbitrary<string> = fc
  .record({
    version: fc.constantFrom(undefined, '2008-10-17', '2012-10-17', '2012-10-17'),
    id: fc.constantFrom(undefined, undefined, 'policy-1'),
    statements: fc.array(fc.oneof({ weight: 3, arbitrary: foreignStatement }, irsaStatement), { maxLength: 4 }),
    isSingle: fc.boolean(),
    print: printed,
  })
  .map(({ version, id, statements, isSingle, print }) =>
    print({
      ...(version === undefined ? {} : { Version: version }),
      ...(id === undefined ? {} : { Id: id }),
      Statement: isSingle && statements.length === 1 ? statements[0] : statements,
    }),
  );

/** Service accounts of the world. */
export const serviceAccounts = fc.uniqueArray(
  fc.record({ namespace: fc.constantFrom(...ORACLE_NAMESPACES), name: fc.constantFrom(...ORACLE_NAMES) }),
  { selector: ({ namespace, name }) => `${namespace}/${name}`, minLength: 1, maxLength: 6 },
);
