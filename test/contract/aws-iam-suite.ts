import {
  AttachRolePolicyCommand,
  DeleteRoleCommand,
  DetachRolePolicyCommand,
  GetAccountAuthorizationDetailsCommand,
  GetAccountSummaryCommand,
  GetRoleCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListOpenIDConnectProvidersCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  paginateGetAccountAuthorizationDetails,
  paginateListRoles,
  SimulatePrincipalPolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { afterEach, describe, expect } from 'vitest';
import { trust } from '../support/twin-account.ts';
import type { IamBackend, RunningIam } from './aws-backends.ts';
import { behavioursWith } from './behaviours.ts';

const EC2 = trust({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' });
const LAMBDA = trust({
  Sid: 'Ünïcode & "quotes" <here>',
  Effect: 'Allow',
  Principal: { Service: 'lambda.amazonaws.com' },
  Action: 'sts:AssumeRole',
});

/** What IAM does for the product, whoever answers. */
export function describeIam({ name, exceptions, start }: IamBackend): void {
  describe(`IAM over ${name}`, () => {
    const behaviour = behavioursWith(exceptions);
    let backend: RunningIam | undefined;
    const open = async (roles: Record<string, string>): Promise<IAMClient> => {
      backend = await start(roles);
      return new IAMClient({ endpoint: backend.endpoint, region: 'us-east-1', credentials: backend.credentials, maxAttempts: 1 });
    };
    afterEach(async () => {
      await backend?.close();
      backend = undefined;
    });

    behaviour('deletes a role that has no policies, and is asked in vain for it from then on', async () => {
      const client = await open({ one: EC2 });
      const RoleName = 'one';
      const PolicyArn = 'arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy';
      await client.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
      await expect(client.send(new DeleteRoleCommand({ RoleName }))).rejects.toMatchObject({ name: 'DeleteConflictException' });
      await client.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
      await client.send(new DeleteRoleCommand({ RoleName }));
      for (const command of [new GetRoleCommand({ RoleName }), new DeleteRoleCommand({ RoleName })])
        await expect(client.send(command as GetRoleCommand)).rejects.toMatchObject({ name: 'NoSuchEntityException' });
    });

    behaviour('judges ahead of a call whether a role may make it', async () => {
      const client = await open({ one: EC2 });
      const { Role } = await client.send(new GetRoleCommand({ RoleName: 'one' }));
      const simulate = async () => {
        const request = { PolicySourceArn: Role?.Arn, ActionNames: ['eks:CreateAddon', 'iam:PassRole'], ResourceArns: ['*'] };
        const { EvaluationResults, IsTruncated } = await client.send(new SimulatePrincipalPolicyCommand(request));
        return [IsTruncated, EvaluationResults?.map((one) => [one.EvalActionName, one.EvalResourceName, one.EvalDecision])];
      };
      const all = (decision: string) => ['eks:CreateAddon', 'iam:PassRole'].map((action) => [action, '*', decision]);
      expect(await simulate()).toEqual([false, all('implicitDeny')]);
      await client.send(new AttachRolePolicyCommand({ RoleName: 'one', PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' }));
      expect(await simulate()).toEqual([false, all('allowed')]);
      const unknown = new SimulatePrincipalPolicyCommand({ PolicySourceArn: `${Role?.Arn}-none`, ActionNames: ['iam:GetRole'] });
      await expect(client.send(unknown)).rejects.toMatchObject({ name: 'NoSuchEntityException' });
    });

    behaviour('lists every role once over all pages, with its trust policy and without tags', async () => {
      const names = Array.from({ length: 7 }, (_, index) => `role-${index}`);
      const client = await open(Object.fromEntries(names.map((name) => [name, EC2])));
      const found = [];
      for await (const page of paginateListRoles({ client, pageSize: 3 }, {})) found.push(...(page.Roles ?? []));
      expect(found.map((role) => role.RoleName).sort()).toEqual(names);
      expect(found.every((role) => decodeURIComponent(role.AssumeRolePolicyDocument ?? '') === EC2)).toBe(true);
      expect(found[0]?.Tags).toBeUndefined();
      expect(found[0]?.CreateDate).toBeInstanceOf(Date);
    });

    behaviour('lists trust policies URL-encoded', async () => {
      const client = await open({ app: EC2 });
      const { Roles } = await client.send(new ListRolesCommand({}));
      expect(Roles?.[0]?.AssumeRolePolicyDocument).toMatch(/^%7B/);
    });

    behaviour('gives a trust policy URL-encoded', async () => {
      const client = await open({ app: EC2 });
      const { Role } = await client.send(new GetRoleCommand({ RoleName: 'app' }));
      expect(Role?.AssumeRolePolicyDocument).toMatch(/^%7B/);
    });

    behaviour('gives the details of every role over all pages, when roles are asked for', async () => {
      const names = Array.from({ length: 5 }, (_, index) => `role-${index}`);
      const client = await open(Object.fromEntries(names.map((name) => [name, EC2])));
      const found = [];
      for await (const page of paginateGetAccountAuthorizationDetails({ client, pageSize: 2 }, { Filter: ['Role'] })) {
        found.push(...(page.RoleDetailList ?? []));
      }
      expect(found.map((role) => role.RoleName).sort()).toEqual(names);
      expect(found.every((role) => decodeURIComponent(role.AssumeRolePolicyDocument ?? '') === EC2)).toBe(true);
      const users = await client.send(new GetAccountAuthorizationDetailsCommand({ Filter: ['User'] }));
      expect(users.RoleDetailList ?? []).toEqual([]);
    });

    behaviour('says where the next page begins', async () => {
      const client = await open({ a: EC2, b: EC2 });
      const page = await client.send(new ListRolesCommand({ MaxItems: 1 }));
      expect(page.IsTruncated).toBe(true);
      expect((await client.send(new ListRolesCommand({ MaxItems: 1, Marker: page.Marker }))).IsTruncated).toBe(false);
    });

    behaviour('gives one role by name and refuses an unknown one', async () => {
      const client = await open({ app: LAMBDA });
      const { Role } = await client.send(new GetRoleCommand({ RoleName: 'app' }));
      expect(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')).toBe(LAMBDA);
      await expect(client.send(new GetRoleCommand({ RoleName: 'absent' }))).rejects.toMatchObject({
        name: 'NoSuchEntityException',
        $metadata: { httpStatusCode: 404 },
      });
    });

    behaviour('replaces a trust policy as a whole and gives it back as it was written', async () => {
      const client = await open({ app: EC2 });
      const spaced = JSON.stringify(JSON.parse(LAMBDA), undefined, 2);
      await client.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'app', PolicyDocument: spaced }));
      const { Role } = await client.send(new GetRoleCommand({ RoleName: 'app' }));
      expect(JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ''))).toEqual(JSON.parse(spaced));
    });

    for (const [what, document, error] of [
      ['text that is no JSON', 'no json', 'MalformedPolicyDocumentException'],
      [
        'a Resource',
        trust({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole', Resource: '*' }),
        'MalformedPolicyDocumentException',
      ],
    ] as const) {
      behaviour(`refuses a trust policy with ${what}`, async () => {
        const client = await open({ app: EC2 });
        await expect(client.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'app', PolicyDocument: document }))).rejects.toMatchObject({
          name: error,
        });
      });
    }

    behaviour('refuses a trust policy of more than 2,048 characters without white space', async () => {
      const client = await open({ app: EC2 });
      const long = trust({ Sid: 'x'.repeat(2048), Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' });
      await expect(client.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'app', PolicyDocument: long }))).rejects.toMatchObject({
        name: 'LimitExceededException',
        $metadata: { httpStatusCode: 409 },
      });
    });

    behaviour('takes white space beyond that', async () => {
      const client = await open({ app: EC2 });
      const spaced = `${EC2}${' '.repeat(4096)}`;
      await client.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'app', PolicyDocument: spaced }));
    });

    behaviour('refuses to write the trust policy of a role that does not exist', async () => {
      const client = await open({});
      await expect(client.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'absent', PolicyDocument: EC2 }))).rejects.toMatchObject({
        name: 'NoSuchEntityException',
      });
    });

    behaviour("tells the account's figures", async () => {
      const client = await open({ app: EC2 });
      const { SummaryMap = {} } = await client.send(new GetAccountSummaryCommand({}));
      expect(SummaryMap.AssumeRolePolicySizeQuota).toBe(2048);
      expect(SummaryMap.Roles).toBeGreaterThan(0);
    });

    behaviour('lists inline and attached policies and providers', async () => {
      const client = await open({ app: EC2 });
      expect((await client.send(new ListRolePoliciesCommand({ RoleName: 'app' }))).PolicyNames).toEqual([]);
      expect((await client.send(new ListAttachedRolePoliciesCommand({ RoleName: 'app' }))).AttachedPolicies).toEqual([]);
      expect((await client.send(new ListOpenIDConnectProvidersCommand({}))).OpenIDConnectProviderList).toBeInstanceOf(Array);
    });
  });
}
