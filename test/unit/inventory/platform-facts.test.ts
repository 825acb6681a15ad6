import { describe, expect, it } from 'vitest';
import { allowsAgent, policyFacts } from '../../../src/inventory/policies.ts';
import { oldSdks, sdkOf } from '../../../src/inventory/sdks.ts';

const inline = (statement: object) => [{ arn: '', document: JSON.stringify({ Statement: statement }) }];

describe('the permissions of a node role', () => {
  const worker = { arn: 'arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy', document: '' };
  it.each<[string, { arn: string; document: string }[], 'yes' | 'no' | 'unknown']>([
    ['the worker policy', [worker], 'yes'],
    ['the minimal worker policy', [{ arn: 'arn:aws-cn:iam::aws:policy/AmazonEKSWorkerNodeMinimalPolicy', document: '' }], 'yes'],
    ['an inline statement', inline({ Effect: 'Allow', Action: 'eks-auth:*' }), 'yes'],
    ['everything', inline({ Effect: 'Allow', Action: ['*'] }), 'yes'],
    ['everything but something', inline({ Effect: 'Allow', NotAction: 'iam:*' }), 'unknown'],
    ['a denial of it', [worker, ...inline({ Effect: 'Deny', Action: 'eks-auth:AssumeRoleForPodIdentity' })], 'no'],
    ['a denial under a condition', [worker, ...inline({ Effect: 'Deny', Action: 'eks-auth:*', Condition: { Bool: {} } })], 'yes'],
    ["another of AWS's", [{ arn: 'arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy', document: '' }], 'no'],
    ["a customer's that was not read", [{ arn: 'arn:aws:iam::444455556666:policy/nodes', document: '' }], 'unknown'],
    ['nothing', [{ arn: '', document: 'not json' }], 'no'],
  ])('%s lets the agent in or not', (_, policies, answer) => {
    expect(allowsAgent(policies)).toBe(answer);
  });
});

describe('the permissions of a role', () => {
  const other = 'arn:aws:iam::444455556666:role/other';

  it('name the roles that it assumes, by the action’s name alone', () => {
    const found = policyFacts(
      inline([
        { Effect: 'Allow', Action: 'sts:Assume*', Resource: [other, '*'] },
        { Effect: 'Allow', Action: ['STS:AssumeRole'], Resource: other },
        { Effect: 'Allow', Action: '*', Resource: 'arn:aws:iam::444455556666:role/admin' },
        { Effect: 'Deny', Action: 'sts:AssumeRole', Resource: 'arn:aws:iam::444455556666:role/denied' },
      ]),
    );
    expect(found.assumes).toEqual(['*', other]);
  });

  it('show MSK, and what depends on the session’s name', () => {
    expect(policyFacts(inline([{ Effect: 'Allow', Action: ['kafka-cluster:Connect'] }])).usesKafka).toBe(true);
    expect(policyFacts(inline([{ Effect: 'Deny', Action: ['kafka-cluster:Connect'] }])).usesKafka).toBe(false);
    const keys = (statement: object) => policyFacts(inline({ Effect: 'Allow', Action: 's3:*', ...statement })).sessionKeys;
    expect(keys({ Condition: { StringLike: { 'aws:userId': 'AROA*:name' } } })).toEqual(['aws:userid']);
    expect(keys({ Condition: { StringEquals: { 'sts:RoleSessionName': 'name' } } })).toEqual(['sts:rolesessionname']);
    expect(keys({ Resource: `arn:aws:s3:::bucket/${'$'}{aws:userid}/*` })).toEqual(['aws:userid']);
    expect(keys({ Resource: 'arn:aws:s3:::bucket/aws-userid/*' })).toEqual([]);
  });
});

describe('SDKs by their user agents', () => {
  // Each SDK once: the last version that is too old, the first that is not, and one of today.
  it.each<[string, string, string, string]>([
    ['AWS CLI 2', 'aws-cli/2.14.6 Python/3.11.6 Linux/6.1', 'aws-cli/2.15.0 Python/3.11.6', 'aws-cli/2.31.0 md/awscrt#0.27 ua/2.1'],
    ['AWS CLI 1', 'aws-cli/1.29.85 Python/3.9 Botocore/1.31.85', 'aws-cli/1.30.0 Python/3.9', 'aws-cli/1.40.0 md/Botocore#1.38.0'],
    [
      'AWS Tools for PowerShell',
      'AWSPowerShell.Common/4.1.20.0 .NET_Core/6.0.5 OS/Linux PowerShellCore/7.-1 ClientAsync',
      'AWSPowerShell.NetCore/4.1.502 aws-sdk-dotnet-core/3.7.302.0',
      'AWSPowerShell/5.0.12',
    ],
    ['AWS SDK for Java 2', 'aws-sdk-java/2.21.29 Linux/5.10', 'aws-sdk-java/2.21.30 Linux', 'aws-sdk-java/2.31.1 md/io#sync'],
    ['AWS SDK for Java 1', 'aws-sdk-java/1.12.745 Linux', 'aws-sdk-java/1.12.746 Linux', 'aws-sdk-java/1.12.780'],
    [
      'AWS SDK for Go 2',
      'aws-sdk-go-v2/1.22.1 os/linux lang/go#1.21.3 md/GOOS#linux api/sts#1.25.0',
      'aws-sdk-go-v2/1.22.2 os/linux api/sts#1.25.3',
      'aws-sdk-go-v2/1.36.3 ua/2.1',
    ],
    ['AWS SDK for Go 1', 'aws-sdk-go/1.47.10 (go1.21; linux; amd64)', 'aws-sdk-go/1.47.11', 'aws-sdk-go/1.55.7'],
    ['Boto3', 'Boto3/1.34.40 md/Botocore#1.34.40 ua/2.0', 'Boto3/1.34.41 md/Botocore#1.34.41', 'Boto3/1.40.0'],
    ['Botocore', 'Botocore/1.29.0 Python/3.9', 'md/Botocore#1.34.41 ua/2.0', 'Botocore/1.38.0'],
    ['AWS SDK for JavaScript 3', 'aws-sdk-js/3.457.0 ua/2.0', 'aws-sdk-js/3.458.0 ua/2.0', 'aws-sdk-js/3.900.0'],
    ['AWS SDK for JavaScript 2', 'aws-sdk-nodejs/2.1549.0 linux/v18', 'aws-sdk-nodejs/2.1550.0 linux/v18', 'aws-sdk-nodejs/2.1692.0'],
    ['AWS SDK for Kotlin', 'aws-sdk-kotlin/1.0.0', 'aws-sdk-kotlin/1.0.1', 'aws-sdk-kotlin/1.3.81'],
    ['AWS SDK for Ruby', 'aws-sdk-ruby3/3.187.2 ruby/3.2', 'aws-sdk-ruby3/3.188.0 ruby/3.2', 'aws-sdk-ruby3/3.220.0 ua/2.1'],
    ['AWS SDK for Rust', 'aws-sdk-rust/1.1.7 os/linux lang/rust/1.76', 'aws-sdk-rust/1.1.8 os/linux', 'aws-sdk-rust/1.3.14 os/linux'],
    ['AWS SDK for C++', 'aws-sdk-cpp/1.11.262 Linux', 'aws-sdk-cpp/1.11.263 Linux', 'aws-sdk-cpp/1.11.600 ua/2.1'],
    [
      'AWS SDK for .NET',
      'aws-sdk-dotnet-coreclr/3.7.300.40 aws-sdk-dotnet-core/3.7.301.9 .NET_Core/8.0',
      'aws-sdk-dotnet-coreclr/3.7.300.41 ua/2.0 os/linux md/aws-sdk-dotnet-core#3.7.302.0',
      'aws-sdk-dotnet-coreclr/4.0.0.1 ua/2.1 md/aws-sdk-dotnet-core#4.0.0.2',
    ],
    ['AWS SDK for PHP', 'aws-sdk-php/3.287.0 OS/Linux', 'aws-sdk-php/3.287.1 OS/Linux', 'aws-sdk-php/3.340.0'],
  ])('%s', (sdk, tooOld, first, later) => {
    expect([tooOld, first, later].map((userAgent) => [sdkOf(userAgent)?.sdk, sdkOf(userAgent)?.old])).toEqual([
      [sdk, true],
      [sdk, false],
      [sdk, false],
    ]);
  });

  it('is nobody’s where nobody is named', () => {
    expect(sdkOf('something/1.0 (linux)')).toBeUndefined();
  });

  const MINUTE = 60_000;
  const event = (userAgent: unknown, minute = 0, userName = 'system:serviceaccount:shop:api') => ({
    eventId: '',
    eventName: '',
    eventTime: minute * MINUTE,
    event: { userAgent, userIdentity: { userName } },
  });

  it('counts of a service account whichever workload of it exchanged its token, within an hour of the last time', () => {
    expect(oldSdks([event('Boto3/1.40.0', 60), event('Boto3/1.20.0', 10)])).toEqual([
      { namespace: 'shop', serviceAccount: 'api', sdk: 'Boto3', version: '1.20.0', minimum: '1.34.41' },
    ]);
    expect(oldSdks([event('Boto3/1.40.0', 100), event('Boto3/1.20.0', 10)])).toEqual([]);
    expect(oldSdks([event('aws-sdk-go/1.55.7', 100), event('Boto3/1.20.0', 10)])).toMatchObject([{ sdk: 'Boto3' }]);
    expect(oldSdks([event('Boto3/1.20.0', 5, 'someone'), event('something/1'), event(1)])).toEqual([]);
  });
});
