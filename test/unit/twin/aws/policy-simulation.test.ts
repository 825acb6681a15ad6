import { IAMClient, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ACCOUNT, REGION, role, roleArn, startTwinAccount, trust } from '../../../support/twin-account.ts';

const TRUST = trust({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' });
const DOCUMENT = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: 'iam:*', Resource: `arn:aws:iam::${ACCOUNT}:role/app-*` },
    { Effect: 'Deny', Action: 'iam:DeleteRole', Resource: '*' },
    {
      Effect: 'Allow',
      Action: 'iam:PassRole',
      Resource: '*',
      Condition: { StringEquals: { 'iam:PassedToService': ['pods.eks.amazonaws.com'] } },
    },
  ],
};

async function open(document: unknown = DOCUMENT, attached: readonly string[] = []) {
  const described = {
    ...role('deployer', TRUST),
    RolePolicyList: [{ PolicyName: 'all', PolicyDocument: document }],
    AttachedManagedPolicies: attached.map((name) => ({ PolicyName: name, PolicyArn: `arn:aws:iam::aws:policy/${name}` })),
  };
  const account = await startTwinAccount({ parts: { account: { RoleDetailList: [described] } } });
  const client = new IAMClient({ endpoint: account.endpoint, region: REGION, credentials: account.credentials, maxAttempts: 1 });
  onTestFinished(() => account.close());
  return async (source: string, actions: string[], resources: string[], more: object = {}) => {
    const command = new SimulatePrincipalPolicyCommand({
      PolicySourceArn: source,
      ActionNames: actions,
      ResourceArns: resources,
      ...more,
    });
    return client.send(command);
  };
}

describe("the twin's SimulatePrincipalPolicy", () => {
  it('judges every action on every resource, as IAM names the outcomes', async () => {
    const simulate = await open();
    const { EvaluationResults, IsTruncated } = await simulate(
      roleArn('deployer'),
      ['iam:UpdateAssumeRolePolicy', 'iam:DeleteRole'],
      [roleArn('app-1'), roleArn('other')],
    );
    expect(EvaluationResults?.map((one) => [one.EvalActionName, one.EvalResourceName, one.EvalDecision])).toEqual([
      ['iam:UpdateAssumeRolePolicy', roleArn('app-1'), 'allowed'],
      ['iam:UpdateAssumeRolePolicy', roleArn('other'), 'implicitDeny'],
      ['iam:DeleteRole', roleArn('app-1'), 'explicitDeny'],
      ['iam:DeleteRole', roleArn('other'), 'explicitDeny'],
    ]);
    expect(IsTruncated).toBe(false);
  });

  it('goes by the condition keys that it is given, and names those that are missing', async () => {
    const simulate = await open();
    const pass = (more: object) => simulate(roleArn('deployer'), ['iam:PassRole'], [roleArn('other')], more);
    const entry = (value: string) => ({
      ContextEntries: [{ ContextKeyName: 'iam:PassedToService', ContextKeyValues: [value], ContextKeyType: 'string' }],
    });
    expect((await pass({})).EvaluationResults).toMatchObject([
      { EvalDecision: 'implicitDeny', MissingContextValues: ['iam:PassedToService'] },
    ]);
    const given = await pass(entry('pods.eks.amazonaws.com'));
    expect(given.EvaluationResults?.map((one) => [one.EvalDecision, one.MissingContextValues ?? []])).toEqual([['allowed', []]]);
    expect((await pass(entry('ec2.amazonaws.com'))).EvaluationResults).toMatchObject([{ EvalDecision: 'implicitDeny' }]);
  });

  it.each([
    ['AdministratorAccess', ['allowed', 'allowed']],
    ['PowerUserAccess', ['allowed', 'implicitDeny']],
    ['AmazonEKSWorkerNodePolicy', ['implicitDeny', 'implicitDeny']],
  ])("knows AWS's policy %s", async (name, decisions) => {
    const simulate = await open({ Version: '2012-10-17', Statement: [] }, [name]);
    const { EvaluationResults } = await simulate(roleArn('deployer'), ['eks:CreateAddon', 'iam:GetRole'], ['*']);
    expect(EvaluationResults?.map(({ EvalDecision }) => EvalDecision)).toEqual(decisions);
  });

  it('lets its own operator do everything, and pages', async () => {
    const simulate = await open();
    const first = await simulate(roleArn('podshift'), ['iam:GetRole', 'iam:PassRole', 'eks:CreateAddon'], ['*'], { MaxItems: 2 });
    expect(first).toMatchObject({ IsTruncated: true, EvaluationResults: [{ EvalDecision: 'allowed' }, { EvalDecision: 'allowed' }] });
    const second = await simulate(roleArn('podshift'), ['iam:GetRole', 'iam:PassRole', 'eks:CreateAddon'], ['*'], {
      MaxItems: 2,
      Marker: first.Marker,
    });
    expect(second).toMatchObject({ IsTruncated: false, EvaluationResults: [{ EvalActionName: 'eks:CreateAddon' }] });
  });

  it('refuses a principal that is not there, and what is no principal', async () => {
    const simulate = await open();
    await expect(simulate(roleArn('nobody'), ['iam:GetRole'], ['*'])).rejects.toMatchObject({
      name: 'NoSuchEntityException',
      message: 'The role with name nobody cannot be found.',
    });
    await expect(simulate(`arn:aws:sts::${ACCOUNT}:assumed-role/deployer/me`, ['iam:GetRole'], ['*'])).rejects.toMatchObject({
      name: 'InvalidInputException',
    });
  });
});
