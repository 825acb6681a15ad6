import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNoCluster } from '../cluster/available.ts';
import { buildBinaries } from '../cluster/build.ts';
import { findPython } from '../python/python.ts';
import { good, type ServedTwin, serveTwin } from '../support/served-twin.ts';
import { sayMissing } from './behaviours.ts';

const python = await findPython(process.env, (line) => process.stderr.write(`${line}\n`));
const missing = 'missing' in python ? python.missing : undefined;
const bin = 'bin' in python ? python.bin : '';
sayMissing('the AWS CLI and boto3 on the twin', missing);

const ROLE = 'arn:aws:iam::444455556666:role/shop-media';
const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'pods.eks.amazonaws.com' }, Action: ['sts:AssumeRole', 'sts:TagSession'] }],
});

describe.skipIf(missing !== undefined)('the AWS CLI on the twin', () => {
  let twin: ServedTwin;
  beforeAll(async () => {
    twin = await serveTwin('examples/shop');
  });
  afterAll(() => twin?.stop());
  const aws = (line: string, ...more: string[]) => twin.client(join(bin, 'aws'), [...line.split(' '), ...more]);
  const json = async (line: string, ...more: string[]) => JSON.parse(good(await aws(line, ...more)));

  it('describes the cluster and lists what it has', async () => {
    expect((await json('eks list-clusters')).clusters).toEqual(['shop']);
    expect((await json('eks describe-cluster --name shop')).cluster).toMatchObject({ status: 'ACTIVE', name: 'shop' });
    expect((await json('eks list-addons --cluster-name shop')).addons).toContain('vpc-cni');
    expect((await json('eks describe-addon --cluster-name shop --addon-name vpc-cni')).addon.status).toBe('ACTIVE');
    expect((await json('eks list-fargate-profiles --cluster-name shop')).fargateProfileNames).toEqual(['reports']);
    expect((await json('eks list-pod-identity-associations --cluster-name shop')).associations).toEqual([]);
    expect((await json('iam list-open-id-connect-providers')).OpenIDConnectProviderList).toHaveLength(1);
    expect((await json('cloudtrail lookup-events --max-items 2')).Events).toHaveLength(2);
    expect((await json('sts get-caller-identity')).Account).toBe('444455556666');
  });

  it('pages through roles, and shows their trust policies decoded', async () => {
    const all = (await json('iam list-roles')).Roles as { RoleName: string; AssumeRolePolicyDocument: object }[];
    const first = await json('iam list-roles --page-size 2 --max-items 3');
    expect(first.Roles).toHaveLength(3);
    const rest = await json('iam list-roles --page-size 2 --starting-token', first.NextToken);
    expect([...first.Roles, ...rest.Roles].map((role: { RoleName: string }) => role.RoleName)).toEqual(all.map(({ RoleName }) => RoleName));
    expect(all[0]?.AssumeRolePolicyDocument).toMatchObject({ Statement: expect.anything() });
    expect((await json('iam get-role --role-name shop-media')).Role.AssumeRolePolicyDocument).toMatchObject({ Version: '2012-10-17' });
    expect((await json('iam get-account-authorization-details --filter Role')).RoleDetailList).toHaveLength(all.length);
  });

  it('takes an association from a role that is not ready to its end', async () => {
    const association = '--cluster-name shop --namespace shop --service-account covers';
    const create = () => aws(`eks create-pod-identity-association ${association} --role-arn ${ROLE}`);
    expect((await create()).stderr).toContain(
      'An error occurred (InvalidParameterException) when calling the CreatePodIdentityAssociation operation: Trust policy of the role provided is invalid',
    );
    good(await aws('iam update-assume-role-policy --role-name shop-media --policy-document', TRUST));
    const { association: made } = JSON.parse(good(await create()));
    expect(made).toMatchObject({ namespace: 'shop', serviceAccount: 'covers', roleArn: ROLE, disableSessionTags: false });
    expect((await create()).stderr).toContain(
      `(ResourceInUseException) when calling the CreatePodIdentityAssociation operation: Association already exists: ${made.associationId}`,
    );
    const one = `--cluster-name shop --association-id ${made.associationId}`;
    expect((await json(`eks update-pod-identity-association ${one} --disable-session-tags`)).association.disableSessionTags).toBe(true);
    expect((await json(`eks describe-pod-identity-association ${one}`)).association.disableSessionTags).toBe(true);
    good(await aws(`eks tag-resource --tags a=b --resource-arn ${made.associationArn}`));
    expect((await json(`eks list-tags-for-resource --resource-arn ${made.associationArn}`)).tags).toEqual({ a: 'b' });
    expect((await json('eks list-pod-identity-associations --cluster-name shop --namespace shop')).associations).toHaveLength(1);
    good(await aws(`eks delete-pod-identity-association ${one}`));
    expect((await aws(`eks describe-pod-identity-association ${one}`)).stderr).toContain('(ResourceNotFoundException)');
  });

  it('installs the agent, waits for it, and removes it', async () => {
    const agent = '--cluster-name shop --addon-name eks-pod-identity-agent';
    expect((await json(`eks create-addon ${agent}`)).addon.status).toBe('CREATING');
    good(await aws(`eks wait addon-active ${agent}`));
    expect((await aws(`eks create-addon ${agent}`)).stderr).toContain('(ResourceInUseException)');
    expect((await json(`eks delete-addon ${agent}`)).addon.status).toBe('DELETING');
    good(await aws(`eks wait addon-deleted ${agent}`));
  });

  it('answers what eksctl and its like ask before they begin', async () => {
    const versions = (await json('eks describe-cluster-versions')).clusterVersions as { clusterVersion: string; versionStatus: string }[];
    const { version } = (await json('eks describe-cluster --name shop')).cluster;
    expect(versions.find(({ clusterVersion }) => clusterVersion === version)?.versionStatus).toMatch(/^(STANDARD|EXTENDED)_SUPPORT$/);
    const [{ Arn: provider }] = (await json('iam list-open-id-connect-providers')).OpenIDConnectProviderList;
    expect((await json(`iam get-open-id-connect-provider --open-id-connect-provider-arn ${provider}`)).ClientIDList).toEqual([
      'sts.amazonaws.com',
    ]);
    expect((await json('cloudformation list-stacks')).StackSummaries).toEqual([]);
    expect((await json('cloudformation describe-stacks')).Stacks).toEqual([]);
    expect((await aws('cloudformation describe-stacks --stack-name eksctl-shop-cluster')).stderr).toContain(
      'An error occurred (ValidationError) when calling the DescribeStacks operation: Stack with id eksctl-shop-cluster does not exist',
    );
  });

  it.each([
    ['ec2 describe-regions', '(InvalidAction) when calling the DescribeRegions operation: The action DescribeRegions is not valid'],
    ['ssm describe-parameters', '(UnknownOperationException) when calling the DescribeParameters operation: the twin has no ssm'],
    ['lambda list-functions', '(UnknownOperationException) when calling the ListFunctions operation: the twin has no lambda'],
    ['s3api list-buckets', '(NotImplemented) when calling the ListBuckets operation: the twin has no s3'],
    ['route53 list-hosted-zones', '(UnknownOperationException) when calling the ListHostedZones operation: the twin has no route53'],
  ])('says of "%s" that the twin has no such service, in that service own protocol', async (line, message) => {
    const { code, stderr } = await aws(line);
    expect(stderr).toContain(message);
    expect(code).not.toBe(0);
  });

  it.each([
    [
      'eks describe-cluster --name nope',
      '(ResourceNotFoundException) when calling the DescribeCluster operation: No cluster found for name: nope.',
    ],
    ['iam get-role --role-name nope', '(NoSuchEntity) when calling the GetRole operation: The role with name nope cannot be found.'],
    ['iam update-assume-role-policy --role-name shop-media --policy-document {}', '(MalformedPolicyDocument)'],
    ['iam list-users', '(InvalidAction)'],
    [`sts assume-role --role-arn ${ROLE} --role-session-name me1`, '(AccessDenied) when calling the AssumeRole operation'],
    ['eks describe-addon-configuration --addon-name vpc-cni --addon-version v1.0.0', '(ResourceNotFoundException)'],
  ])('fails "%s" with the code of the service', async (line, message) => {
    const { code, stderr } = await aws(line);
    expect([code, stderr]).toEqual([expect.any(Number), expect.stringContaining(message)]);
    expect(code).not.toBe(0);
  });

  it('makes a kubeconfig with which kubectl gets in', async () => {
    if ((await whyNoCluster(process.env)) !== undefined) {
      sayMissing('kubectl with the token of the AWS CLI', 'there is no kubectl');
      return;
    }
    const { kubectl } = await buildBinaries({ environment: process.env, say: (line) => process.stderr.write(`${line}\n`) });
    const path = join(twin.environment.HOME ?? '', 'by-aws');
    good(await aws('eks update-kubeconfig --name shop --kubeconfig', path));
    const found = await twin.client(kubectl, ['--kubeconfig', path, 'get', 'sa', '-n', 'shop', '-o', 'name'], {
      environment: { PATH: `${bin}:${process.env.PATH}` },
    });
    expect(good(found)).toContain('serviceaccount/covers');
    // On a machine that has not built kubectl yet it is built first.
  }, 1_800_000);
});

describe.skipIf(missing !== undefined)('boto3 on the twin', () => {
  let twin: ServedTwin;
  beforeAll(async () => {
    twin = await serveTwin('examples/shop');
  });
  afterAll(() => twin?.stop());

  it('lists, writes, and reads errors as typed exceptions', async () => {
    const ended = await twin.client(join(bin, 'python'), ['-'], { input: BOTO3 });
    expect(JSON.parse(good(ended))).toEqual({
      clusters: ['shop'],
      pages: true,
      trust: 'dict',
      refused: ['InvalidParameterException', 400],
      taken: ['ResourceInUseException', 409],
      gone: ['ResourceNotFoundException', 404],
      role: ['NoSuchEntity', 404],
      created: 'datetime',
      agent: 'ACTIVE',
      account: '444455556666',
      denied: ['AccessDenied', 403],
    });
  });
});

/** What users' own scripts do: paginators, waiters, exceptions by class, times as datetime. */
const BOTO3 = `
import json, boto3
from botocore.exceptions import ClientError
eks, iam, sts = (boto3.client(name) for name in ('eks', 'iam', 'sts'))
role = '${ROLE}'
key = dict(clusterName='shop', namespace='shop', serviceAccount='covers')

def error(call, kind=ClientError, **arguments):
    try:
        call(**arguments)
    except kind as problem:
        return [problem.response['Error']['Code'], problem.response['ResponseMetadata']['HTTPStatusCode']]

def roles(size):
    pages = iam.get_paginator('list_roles').paginate(PaginationConfig={'PageSize': size})
    return [one['RoleName'] for page in pages for one in page['Roles']]

out = {'clusters': eks.list_clusters()['clusters'], 'pages': roles(2) == roles(100) and len(roles(3)) > 3}
out['trust'] = type(iam.get_role(RoleName='shop-media')['Role']['AssumeRolePolicyDocument']).__name__
out['refused'] = error(eks.create_pod_identity_association, eks.exceptions.InvalidParameterException, roleArn=role, **key)
iam.update_assume_role_policy(RoleName='shop-media', PolicyDocument=${JSON.stringify(TRUST)})
made = eks.create_pod_identity_association(roleArn=role, **key)['association']
out['created'] = type(made['createdAt']).__name__
out['taken'] = error(eks.create_pod_identity_association, eks.exceptions.ResourceInUseException, roleArn=role, **key)
one = dict(clusterName='shop', associationId=made['associationId'])
eks.delete_pod_identity_association(**one)
out['gone'] = error(eks.describe_pod_identity_association, eks.exceptions.ResourceNotFoundException, **one)
out['role'] = error(iam.get_role, iam.exceptions.NoSuchEntityException, RoleName='nope')
agent = dict(clusterName='shop', addonName='eks-pod-identity-agent')
eks.create_addon(**agent)
eks.get_waiter('addon_active').wait(WaiterConfig={'Delay': 1}, **agent)
out['agent'] = eks.describe_addon(**agent)['addon']['status']
out['account'] = sts.get_caller_identity()['Account']
out['denied'] = error(sts.assume_role, RoleArn='arn:aws:iam::444455556666:role/shop-search', RoleSessionName='me1')
print(json.dumps(out))
`;
