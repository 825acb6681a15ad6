import { describe, expect, test } from 'vitest';
import { type AdmitResult, admitServiceAccounts, DEFAULT_SIZE_LIMIT, type Grant, trustPolicySize } from '../../src/trust/index.ts';
import {
  ACCOUNT,
  CLUSTER,
  clusterGrant,
  document,
  EC2,
  grantTo,
  ISSUER,
  irsa,
  OTHER_CLUSTER,
  OTHER_PROVIDER,
  ours,
  oursForCluster,
  PROVIDER,
  podIdentity,
  read,
  SID,
} from './trust-example.ts';

function admit(text: string, grant: Grant, sizeLimit?: number): AdmitResult {
  return admitServiceAccounts(read(text), sizeLimit === undefined ? grant : { ...grant, sizeLimit });
}

/** The new text of a grant that must change the document. */
function changed(text: string, grant: Grant, sizeLimit?: number): string {
  const result = admit(text, grant, sizeLimit);
  if (result.kind !== 'changed') throw new Error(JSON.stringify(result));
  return result.text;
}

function refusal(result: AdmitResult): { code: string; message: string } {
  if (result.kind !== 'refused') throw new Error(JSON.stringify(result));
  return result.problem;
}

const one = JSON.stringify(ours(0, 'shop', 'pay'));
const ec2 = JSON.stringify(EC2);

describe('where our statement goes:', () => {
  const cases: Record<string, [before: string, after: string]> = {
    'behind the last statement of a compact list': [
      `{"Version":"2012-10-17","Statement":[${ec2}]}`,
      `{"Version":"2012-10-17","Statement":[${ec2},${one}]}`,
    ],
    'into an empty list': ['{"Version":"2012-10-17","Statement":[]}', `{"Version":"2012-10-17","Statement":[${one}]}`],
    'into an empty list with room': ['{"Version":"2012-10-17","Statement":[ \n ]}', `{"Version":"2012-10-17","Statement":[${one} \n ]}`],
    'beside a single object, which becomes a list': [
      `{"Version":"2012-10-17","Statement": ${ec2} }`,
      `{"Version":"2012-10-17","Statement": [${ec2},${one}] }`,
    ],
    'on its own line in a printed list of one': [
      `{"Version":"2012-10-17","Statement":[\n    ${ec2}\n  ]}`,
      `{"Version":"2012-10-17","Statement":[\n    ${ec2},\n    ${one}\n  ]}`,
    ],
    'separated as the others are': [
      `{"Version":"2012-10-17","Statement": [${ec2} ,\t${ec2}]}`,
      `{"Version":"2012-10-17","Statement": [${ec2} ,\t${ec2} ,\t${one}]}`,
    ],
    'before what follows the list': [
      `{"Statement":[${ec2}],"Id":"x","Version":"2012-10-17"}\n`,
      `{"Statement":[${ec2},${one}],"Id":"x","Version":"2012-10-17"}\n`,
    ],
  };
  test.each(Object.entries(cases))('%s', (_, [before, after]) => {
    expect(changed(before, grantTo('shop/pay'))).toBe(after);
  });

  test('all that is not ours stays byte for byte: order, escapes, repeated keys, white space', () => {
    const foreign = [
      '{ "Sid" : "", "Sid":"b", "Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:role\\/a"]} , "Action":"sts:AssumeRole" }',
      '{"Effect":"Allow","Principal":{"Federated":"x"},"Action":"sts:AssumeRoleWithSAML","Condition":{"A":{"k":"1","k":"2"}}}',
      ec2,
      ec2,
    ];
    const before = `{"Version":"2012-10-17","Statement":[${foreign.join(' , ')}]}`;
    expect(changed(before, grantTo('shop/pay'))).toBe(before.replace(/\]\}$/, ` , ${one}]}`));
  });
});

describe('which statements are written:', () => {
  const cases: Record<string, [ids: string[], statements: object[]]> = {
    'one service account': [['shop/pay'], [ours(0, 'shop', 'pay')]],
    'the same one twice': [['shop/pay', 'shop/pay'], [ours(0, 'shop', 'pay')]],
    'two of one namespace, sorted': [['shop/pay', 'shop/api'], [ours(0, 'shop', ['api', 'pay'])]],
    'one name of two namespaces': [['shop/pay', 'dev/pay'], [ours(0, ['dev', 'shop'], 'pay')]],
    'a full product': [['b/y', 'a/x', 'b/x', 'a/y'], [ours(0, ['a', 'b'], ['x', 'y'])]],
    'no full product: one statement each': [
      ['a/x', 'b/y'],
      [ours(0, 'a', 'x'), ours(1, 'b', 'y')],
    ],
    'three of a product of four': [
      ['a/x', 'a/y', 'b/x'],
      [ours(0, 'a', ['x', 'y']), ours(1, 'b', 'x')],
    ],
    'grouped by name where that needs fewer': [
      ['a/x', 'a/y', 'b/y', 'b/z', 'a/w', 'b/w'].sort(),
      [ours(0, 'a', ['w', 'x', 'y']), ours(1, 'b', ['w', 'y', 'z'])],
    ],
  };
  test.each(Object.entries(cases))('%s', (_, [ids, statements]) => {
    expect(JSON.parse(changed(document(EC2), grantTo(...ids))).Statement).toEqual([EC2, ...statements]);
    expect(changed(document(EC2), grantTo(...ids.toReversed()))).toBe(changed(document(EC2), grantTo(...ids)));
  });

  test('the whole cluster, by source ARN and account', () => {
    expect(JSON.parse(changed(document(EC2), clusterGrant('shop/pay'))).Statement).toEqual([EC2, oursForCluster(0)]);
  });

  test('in every partition the same, with the ARN as it is', () => {
    for (const partition of ['aws-cn', 'aws-us-gov', 'aws-iso-b', 'aws-eusc']) {
      const clusterArn = CLUSTER.replace('arn:aws:', `arn:${partition}:`);
      const [statement] = JSON.parse(changed(document(), { ...grantTo('shop/pay'), clusterArn })).Statement;
      expect(statement.Condition.StringEquals['aws:RequestTag/eks-cluster-arn']).toBe(clusterArn);
      expect(statement.Principal).toEqual({ Service: 'pods.eks.amazonaws.com' });
      expect(statement.Sid).toMatch(/^Podshift[0-9a-f]{12}0$/);
      expect(statement.Sid.slice(0, -1)).not.toBe(SID);
    }
  });
});

describe('only what is missing is added:', () => {
  test('a second grant is no write', () => {
    for (const grant of [grantTo('shop/pay'), grantTo('a/x', 'b/y', 'a/y'), clusterGrant('shop/pay')]) {
      expect(admit(changed(document(EC2), grant), grant).kind).toBe('unchanged');
    }
  });

  test('a later grant extends our statement in its place', () => {
    const after = changed(document(ours(0, 'shop', 'pay'), EC2), grantTo('shop/api'));
    expect(after).toBe(document(ours(0, 'shop', ['api', 'pay']), EC2));
  });

  test('a later grant that fits no product gets a statement of its own', () => {
    const after = changed(document(ours(0, 'shop', 'pay'), EC2), grantTo('dev/api'));
    expect(after).toBe(document(ours(0, 'dev', 'api'), EC2, ours(1, 'shop', 'pay')));
  });

  test('statements that a later grant completes to a product become one', () => {
    const after = changed(document(ours(0, 'a', ['x', 'y']), EC2, ours(1, 'b', 'x')), grantTo('b/y'));
    expect(after).toBe(document(ours(0, ['a', 'b'], ['x', 'y']), EC2));
  });

  test('our statement is known by its meaning, whatever printed it', () => {
    const statement = JSON.parse(JSON.stringify(ours(0, ['shop'], ['pay', 'api'])));
    const reordered = Object.fromEntries(Object.entries(statement).reverse());
    const printed = JSON.stringify(
      {
        Version: '2012-10-17',
        Statement: [{ ...reordered, Action: ['sts:TagSession', 'sts:AssumeRole'], Principal: { Service: ['pods.eks.amazonaws.com'] } }],
      },
      null,
      2,
    );
    expect(admit(printed, grantTo('shop/api')).kind).toBe('unchanged');
    expect(JSON.parse(changed(printed, grantTo('shop/web'))).Statement).toEqual([ours(0, 'shop', ['api', 'pay', 'web'])]);
  });

  test('statements of other clusters are foreign', () => {
    const other = ours(0, 'shop', 'pay', OTHER_CLUSTER, 'Podshift0123456789ab');
    expect(changed(document(other), grantTo('shop/pay'))).toBe(document(other, ours(0, 'shop', 'pay')));
  });

  test('what a foreign scoped statement admits is not written again', () => {
    const foreign = { ...ours(0, 'shop', 'pay'), Sid: 'AllowEksPodIdentity' };
    expect(admit(document(foreign), grantTo('shop/pay'))).toEqual({ kind: 'unchanged', warnings: [] });
    expect(changed(document(foreign), grantTo('shop/pay', 'shop/api'))).toBe(document(foreign, ours(0, 'shop', 'api')));
  });

  test('nobody to admit is no write', () => {
    expect(admit(document(EC2), grantTo())).toEqual({ kind: 'unchanged', warnings: [] });
    expect(admit(document(EC2), clusterGrant())).toEqual({ kind: 'unchanged', warnings: [] });
  });

  test('a cluster grant stands beside the scoped ones, and needs no later ones', () => {
    const both = changed(document(ours(0, 'shop', 'pay')), clusterGrant('shop/pay', 'dev/api'));
    expect(both).toBe(document(ours(0, 'shop', 'pay'), oursForCluster(1)));
    expect(admit(both, grantTo('x/y')).kind).toBe('unchanged');
  });

  test('a cluster grant comes after the scoped ones and after what is foreign', () => {
    const foreignDeny = podIdentity({ Effect: 'Deny', Principal: { AWS: 'x' } });
    expect(changed(document(ours(0, 'shop', 'pay'), foreignDeny), clusterGrant('shop/pay'))).toBe(
      document(ours(0, 'shop', 'pay'), foreignDeny, oursForCluster(1)),
    );
  });

  test('a cluster grant is needed where session tags alone admit', () => {
    expect(admit(document(ours(0, 'shop', 'pay')), clusterGrant('shop/pay')).kind).toBe('changed');
  });

  test('a statement that names the service by a wildcard is not relied on', () => {
    for (const Principal of ['*', { AWS: '*' }, { Service: '*' }]) {
      expect(changed(document(podIdentity({ Principal })), grantTo('shop/pay'))).toBe(
        document(podIdentity({ Principal }), ours(0, 'shop', 'pay')),
      );
    }
  });

  test('a statement that cannot be decided is not relied on, and stays', () => {
    const strange = podIdentity({ Condition: { StringSimilar: { 'aws:SourceAccount': ACCOUNT } } });
    expect(changed(document(strange), grantTo('shop/pay'))).toBe(document(strange, ours(0, 'shop', 'pay')));
  });

  test('an unclear Effect is not relied on', () => {
    const text = document('{"Effect":"Deny","Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":"sts:*"}');
    expect(refusal(admit(text, grantTo('shop/pay'))).code).toBe('undecidable');
  });
});

describe('warnings:', () => {
  const unscoped: Record<string, object> = {
    'no condition at all': podIdentity(),
    'the account alone': podIdentity({ Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT } } }),
    'the cluster alone': podIdentity({ Condition: { ArnEquals: { 'aws:SourceArn': CLUSTER } } }),
    'cluster and namespace': podIdentity({
      Condition: { StringEquals: { 'aws:SourceArn': CLUSTER, 'aws:RequestTag/kubernetes-namespace': 'shop' } },
    }),
    'cluster and name': podIdentity({
      Condition: { StringEquals: { 'aws:SourceArn': CLUSTER, 'aws:RequestTag/kubernetes-service-account': 'pay' } },
    }),
    'namespace and name': podIdentity({
      Condition: { StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'shop', 'aws:RequestTag/kubernetes-service-account': 'pay' } },
    }),
    'service accounts by wildcards': podIdentity({
      Condition: {
        StringLike: {
          'aws:SourceArn': CLUSTER,
          'aws:RequestTag/kubernetes-namespace': '*',
          'aws:RequestTag/kubernetes-service-account': 'pay',
        },
      },
    }),
  };
  test.each(Object.entries(unscoped))('already admitted, and more: %s', (_, statement) => {
    const result = admit(document(statement), grantTo('shop/pay'));
    expect(result).toEqual({
      kind: 'unchanged',
      warnings: [
        {
          code: 'already-admitted-unscoped',
          message: 'the trust policy admits shop/pay already, by a statement that admits more: other service accounts or other clusters',
        },
      ],
    });
  });

  test('what is admitted unscoped is told beside what is written', () => {
    const foreign = podIdentity({ Condition: { StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'shop' } } });
    const result = admit(document(foreign), grantTo('shop/pay', 'dev/api'));
    expect(result).toMatchObject({
      kind: 'changed',
      text: document(foreign, ours(0, 'dev', 'api')),
      warnings: [{ code: 'already-admitted-unscoped' }],
    });
  });

  test('the whole cluster, at the first grant and at the second', () => {
    const first = admit(document(EC2), clusterGrant('shop/pay'));
    const warnings = [
      { code: 'cluster-scope', message: `every service account of ${CLUSTER} that is associated with the role can assume it` },
    ];
    expect(first).toMatchObject({ kind: 'changed', warnings });
    expect(admit(changed(document(EC2), clusterGrant('shop/pay')), clusterGrant('shop/pay'))).toEqual({ kind: 'unchanged', warnings });
  });

  test('the whole cluster by a foreign statement, scoped to it or not', () => {
    const foreign = podIdentity({ Condition: { ArnEquals: { 'aws:SourceArn': CLUSTER } } });
    expect(admit(document(foreign), clusterGrant('shop/pay'))).toEqual({ kind: 'unchanged', warnings: [] });
    expect(admit(document(podIdentity()), clusterGrant('shop/pay'))).toMatchObject({
      kind: 'unchanged',
      warnings: [{ code: 'already-admitted-unscoped' }],
    });
  });

  test('a service account of our cluster grant', () => {
    expect(admit(document(oursForCluster(0)), grantTo('shop/pay'))).toMatchObject({
      kind: 'unchanged',
      warnings: [{ code: 'already-admitted-unscoped' }],
    });
  });

  test('a document of 2008, named or not, keeps its Version', () => {
    for (const version of ['"Version":"2008-10-17",', '']) {
      const result = admit(`{${version}"Statement":[${ec2}]}`, grantTo('shop/pay'));
      expect(result).toEqual({
        kind: 'changed',
        text: `{${version}"Statement":[${ec2},${one}]}`,
        warnings: [
          { code: 'version-2008', message: 'the trust policy is of Version 2008-10-17 and stays so: policy variables do not work in it' },
        ],
      });
    }
  });

  test('none for a plain grant', () => {
    expect(admit(document(EC2), grantTo('shop/pay'))).toMatchObject({ kind: 'changed', warnings: [] });
  });
});

describe('what is refused:', () => {
  const deny = (changes: object): object => ({ Sid: 'Guard', Effect: 'Deny', Principal: '*', Action: 'sts:AssumeRole', ...changes });
  const refused: Record<string, [statement: object | string, code: string, message: RegExp]> = {
    'a Deny of everybody': [deny({}), 'deny', /^statement 2 \("Guard"\) denies the role to EKS Pod Identity$/],
    'a Deny of tags': [deny({ Action: 'sts:TagSession' }), 'deny', /denies/],
    'a Deny of what is not listed': [deny({ Action: undefined, NotAction: 'sts:AssumeRoleWithWebIdentity' }), 'deny', /denies/],
    'a Deny outside the organisation': [deny({ Condition: { StringNotEquals: { 'aws:PrincipalOrgID': 'o-1' } } }), 'deny', /denies/],
    'a Deny outside an address': [deny({ Condition: { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }), 'deny', /denies/],
    'a Deny outside a network': [deny({ Condition: { StringNotEquals: { 'aws:SourceVpc': 'vpc-1' } } }), 'deny', /denies/],
    'a Deny without MFA, if it exists': [
      deny({ Condition: { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } } }),
      'deny',
      /denies/,
    ],
    'a Deny of this namespace': [deny({ Condition: { StringLike: { 'aws:RequestTag/kubernetes-namespace': 's*' } } }), 'deny', /denies/],
    'a Deny over an unknown operator': [
      deny({ Sid: undefined, Condition: { StringSimilar: { 'aws:SourceIp': 'x' } } }),
      'undecidable',
      /^it cannot be decided whether statement 2 denies the role to EKS Pod Identity$/,
    ],
    'a Deny over an unknown key': [
      deny({ Sid: '', Condition: { StringEquals: { 'aws:RequestedRegion': 'x' } } }),
      'undecidable',
      /whether statement 2 denies/,
    ],
    'a Deny of some pods': [
      deny({ Condition: { StringLike: { 'aws:RequestTag/kubernetes-pod-name': 'x-*' } } }),
      'undecidable',
      /cannot be decided/,
    ],
    'an Effect that is neither': [deny({ Effect: 'deny' }), 'undecidable', /cannot be decided/],
    'a Deny of a NotPrincipal': [
      deny({ Principal: undefined, NotPrincipal: { AWS: 'x' } }),
      'not-principal',
      /^statement 2 \("Guard"\) has a NotPrincipal$/,
    ],
    'an Allow of a NotPrincipal': [
      deny({ Effect: 'Allow', Principal: undefined, NotPrincipal: { AWS: 'x' } }),
      'not-principal',
      /has a NotPrincipal/,
    ],
    'a deleted role': [
      { ...EC2, Principal: { AWS: ['x', 'AROAEXAMPLE0123456789'] } },
      'dangling-principal',
      /^statement 2 names AROAEXAMPLE0123456789, a deleted role or user; /,
    ],
    'a deleted user': [{ ...EC2, Effect: 'Deny', Principal: { AWS: 'AIDAEXAMPLE' } }, 'dangling-principal', /names AIDAEXAMPLE/],
    'our Sid over another shape': [
      { ...podIdentity({ Action: 'sts:AssumeRole' }), Sid: `${SID}0` },
      'foreign-sid',
      /^statement 2 \("Podshifteaa5a32575ca0"\) has the Sid of a podshift statement but does not say what podshift writes$/,
    ],
    'our Sid with another ending': [{ ...ours(0, 'a', 'b'), Sid: `${SID}x` }, 'foreign-sid', /has the Sid/],
    'our statement with one more condition': [
      { ...ours(0, 'a', 'b'), Condition: { ...(ours(0, 'a', 'b') as { Condition: object }).Condition, Bool: { x: 'true' } } },
      'foreign-sid',
      /has the Sid/,
    ],
  };
  test.each(Object.entries(refused))('%s', (_, [statement, code, message]) => {
    const problem = refusal(admit(document(EC2, statement), grantTo('shop/pay')));
    expect(problem.code).toBe(code);
    expect(problem.message).toMatch(message);
  });

  const harmless: Record<string, object> = {
    'a Deny of another action': deny({ Action: 'sts:AssumeRoleWithWebIdentity' }),
    'a Deny of another principal': deny({ Principal: { AWS: 'arn:aws:iam::111122223333:role/x' } }),
    'a Deny of another service, whatever its condition': deny({
      Principal: { Service: 'ec2.amazonaws.com' },
      Condition: { What: { x: 'y' } },
    }),
    'a Deny of another namespace': deny({ Condition: { StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'shops' } } }),
    'a Deny with MFA alone': deny({ Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'false' } } }),
    'a Deny of what no service does': deny({
      Condition: { Bool: { 'aws:PrincipalIsAWSService': 'false' }, StringNotEquals: { 'aws:PrincipalOrgID': 'o-1' } },
    }),
    'a role whose name looks like an id': { ...EC2, Principal: { AWS: ['xAROAEXAMPLE', 'AROAexample', 'AROA', 'AGPAEXAMPLE'] } },
    'principals that are no strings': { ...EC2, Principal: { AWS: [1, 'AROAEXAMPLE'] } },
    everybody: { ...EC2, Principal: '*' },
    "another product's Sid": { ...podIdentity({ Principal: { Service: 'x' } }), Sid: 'Podshift000000000000' },
  };
  test.each(Object.entries(harmless))('but not %s', (_, statement) => {
    expect(changed(document(EC2, statement), grantTo('shop/pay'))).toBe(document(EC2, statement, ours(0, 'shop', 'pay')));
  });

  test('a Deny that concerns one of several', () => {
    const text = document(deny({ Condition: { StringEquals: { 'aws:RequestTag/kubernetes-service-account': 'api' } } }));
    expect(refusal(admit(text, grantTo('shop/pay', 'shop/api'))).code).toBe('deny');
    expect(admit(text, grantTo('shop/pay', 'shop/web')).kind).toBe('changed');
  });

  test('a Deny of calls without tags matters to the whole cluster alone', () => {
    const text = document(deny({ Condition: { Null: { 'aws:RequestTag/kubernetes-namespace': 'true' } } }));
    expect(refusal(admit(text, clusterGrant('shop/pay'))).code).toBe('deny');
    expect(admit(text, grantTo('shop/pay')).kind).toBe('changed');
  });

  test('a deleted principal and a changed Sid do not matter where nothing is written', () => {
    const text = document(podIdentity(), { ...EC2, Principal: { AWS: 'AROAEXAMPLE' } }, { ...EC2, Sid: `${SID}0` });
    expect(admit(text, grantTo('shop/pay')).kind).toBe('unchanged');
  });

  const malformed: Record<string, [grant: Grant, message: RegExp]> = {
    'a cluster that is no ARN': [{ ...grantTo('shop/pay'), clusterArn: 'prod' }, /^"prod" is not the ARN of an EKS cluster$/],
    'the ARN of something else': [{ ...grantTo('shop/pay'), clusterArn: CLUSTER.replace('cluster/', 'nodegroup/') }, /is not the ARN/],
    'an ARN with more behind it': [{ ...grantTo('shop/pay'), clusterArn: `${CLUSTER}/x` }, /is not the ARN/],
    'an ARN with more before it': [{ ...grantTo('shop/pay'), clusterArn: `x${CLUSTER}` }, /is not the ARN/],
    'an ARN that would break the statement': [{ ...grantTo('shop/pay'), clusterArn: `${CLUSTER}"` }, /is not the ARN/],
    'another account': [
      { ...grantTo('shop/pay'), accountId: '444455556666' },
      /^the cluster arn:aws:eks:eu-west-1:111122223333:cluster\/prod is not in account 444455556666$/,
    ],
    'a namespace with a wildcard': [grantTo('shop/pay', 'sh*p/pay'), /^"sh\*p\/pay" is not a namespace and a service account name$/],
    'a name with capitals': [grantTo('shop/Pay'), /is not a namespace/],
    'a name with a quote': [grantTo('shop/p"y'), /is not a namespace/],
    'an empty name': [grantTo('shop/'), /is not a namespace/],
    'a namespace with a dot': [grantTo('shop.eu/pay'), /is not a namespace/],
    'a namespace that ends in a dash': [grantTo('shop-/pay'), /is not a namespace/],
    'a name that begins with a dash': [grantTo('shop/-pay'), /is not a namespace/],
    'a name with two dots in a row': [grantTo('shop/a..b'), /is not a namespace/],
    'a namespace of 64 characters': [grantTo(`${'n'.repeat(64)}/pay`), /is not a namespace/],
    'a name of 254 characters': [grantTo(`shop/${'n'.repeat(254)}`), /is not a namespace/],
  };
  test.each(Object.entries(malformed))('%s', (_, [grant, message]) => {
    const problem = refusal(admit(document(EC2), grant));
    expect(problem.code).toBe('invalid-request');
    expect(problem.message).toMatch(message);
  });

  test('but not the longest names that Kubernetes takes', () => {
    const id = `${'n'.repeat(63)}/${'a.b-c.0'}${'n'.repeat(246)}`;
    expect(admit(document(EC2), grantTo(id)).kind).toBe('changed');
    expect(admit(document(EC2), grantTo('0/1')).kind).toBe('changed');
  });
});

describe('the size limit:', () => {
  /** A document whose size after the grant is `size`. */
  function documentFor(size: number): string {
    const filled = (length: number): string => document({ ...EC2, Sid: 'x'.repeat(length) });
    return filled(size - trustPolicySize(changed(filled(0), grantTo('shop/pay'), 10_000)));
  }

  test.each([2040, 2041, 2042, 2043, 2044, 2045, 2046, 2047, 2048])('a document of %i characters is written', (size) => {
    expect(trustPolicySize(changed(documentFor(size), grantTo('shop/pay')))).toBe(size);
  });

  test.each([2049, 2050, 4096])('one of %i is refused, with both numbers', (size) => {
    expect(refusal(admit(documentFor(size), grantTo('shop/pay')))).toEqual({
      code: 'too-large',
      message: `the trust policy would have ${size} characters without white space; the limit is 2048`,
    });
  });

  test('white space does not count', () => {
    const printed = documentFor(2048).replace('"Statement":[', `"Statement":[${'\n'.repeat(3000)}`);
    expect(trustPolicySize(changed(printed, grantTo('shop/pay')))).toBe(2048);
  });

  test('a raised quota is heeded, and the default is that of IAM', () => {
    expect(DEFAULT_SIZE_LIMIT).toBe(2048);
    expect(admit(documentFor(4096), grantTo('shop/pay'), 4096).kind).toBe('changed');
    expect(refusal(admit(documentFor(4097), grantTo('shop/pay'), 4096)).message).toBe(
      'the trust policy would have 4097 characters without white space; the limit is 4096',
    );
  });

  test('a document over the limit that admits already is no write', () => {
    expect(admit(document(podIdentity({ Sid: 'x'.repeat(3000) })), grantTo('shop/pay')).kind).toBe('unchanged');
  });

  test('five usual statements of issuers leave no room', () => {
    const statements = Array.from({ length: 5 }, (_, index) => irsa(`system:serviceaccount:shop:pay-${index}`));
    expect(refusal(admit(document(...statements), grantTo('shop/pay'))).code).toBe('too-large');
    expect(admit(document(...statements.slice(0, 3)), grantTo('shop/pay')).kind).toBe('changed');
  });
});

test('a statement of two clusters, of which one migrates, stays', () => {
  const shared = irsa([], {
    Principal: { Federated: [PROVIDER, OTHER_PROVIDER] },
    Condition: { StringLike: { [`${ISSUER}:sub`]: 'system:serviceaccount:*:*' } },
  });
  expect(changed(document(shared), grantTo('shop/pay'))).toBe(document(shared, ours(0, 'shop', 'pay')));
});
