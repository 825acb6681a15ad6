import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { CreatePodIdentityAssociationCommand, EKSClient, ListClustersCommand } from '@aws-sdk/client-eks';
import { IAMClient, ListRolesCommand, UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, describe, expect, it } from 'vitest';
import type { Fault, TwinHooks, TwinRequest } from '../../twin/contracts.ts';
import { podIdentityStatement, REGION, role, roleArn, startTwinAccount, trust } from '../support/twin-account.ts';

const READY = trust(podIdentityStatement('shop', 'cart'));

describe('faults of the AWS endpoint', () => {
  let account: Awaited<ReturnType<typeof startTwinAccount>> | undefined;
  const open = async (fault: Fault, when: (request: TwinRequest) => boolean = () => true) => {
    const answered: [string, number][] = [];
    const hooks: TwinHooks = {
      beforeRequest: (request) => (when(request) ? fault : undefined),
      afterRequest: (request, status) => void answered.push([request.operation, status]),
    };
    account = await startTwinAccount({ hooks, parts: { account: { RoleDetailList: [role('ready', READY)] } } });
    const settings = { endpoint: account.endpoint, region: REGION, credentials: account.credentials, maxAttempts: 1 };
    return { account, settings, answered };
  };
  afterEach(async () => {
    await account?.close();
    account = undefined;
  });
  type Settings = Awaited<ReturnType<typeof open>>['settings'];

  it.each<
    [string, (settings: Settings) => Promise<unknown>, { throttle: [string, number]; error: [string, number]; denied: [string, number] }]
  >([
    [
      'EKS',
      (settings) => new EKSClient(settings).send(new ListClustersCommand({})),
      { throttle: ['ThrottlingException', 429], error: ['ServerException', 500], denied: ['AccessDeniedException', 403] },
    ],
    [
      'IAM',
      (settings) => new IAMClient(settings).send(new ListRolesCommand({})),
      { throttle: ['Throttling', 400], error: ['ServiceFailureException', 500], denied: ['AccessDenied', 403] },
    ],
    [
      'STS',
      (settings) => new STSClient(settings).send(new GetCallerIdentityCommand({})),
      { throttle: ['Throttling', 400], error: ['InternalFailure', 500], denied: ['AccessDenied', 403] },
    ],
    [
      'CloudTrail',
      (settings) => new CloudTrailClient(settings).send(new LookupEventsCommand({})),
      { throttle: ['ThrottlingException', 400], error: ['InternalFailure', 500], denied: ['AccessDeniedException', 400] },
    ],
  ])('have the names and statuses of %s', async (_service, send, expected) => {
    for (const [kind, [name, httpStatusCode]] of [
      ['throttle', expected.throttle],
      ['server-error', expected.error],
      ['denied', expected.denied],
    ] as const) {
      const { settings, account: twin } = await open({ kind, when: 'before' });
      await expect(send(settings)).rejects.toMatchObject({ name, $metadata: { httpStatusCode } });
      await twin.close();
    }
  });

  it('before a request leave nothing behind', async () => {
    const { account: twin, settings, answered } = await open({ kind: 'server-error', when: 'before' });
    const command = new CreatePodIdentityAssociationCommand({
      clusterName: 'shop',
      namespace: 'shop',
      serviceAccount: 'cart',
      roleArn: roleArn('ready'),
    });
    await expect(new EKSClient(settings).send(command)).rejects.toMatchObject({ name: 'ServerException' });
    expect(twin.state.associations.size).toBe(0);
    expect(answered).toEqual([['CreatePodIdentityAssociation', 500]]);
  });

  it.each(['throttle', 'server-error', 'reset'] as const)('after a request lose only the reply (%s)', async (kind) => {
    const { account: twin, settings, answered } = await open({ kind, when: 'after' });
    const command = new CreatePodIdentityAssociationCommand({
      clusterName: 'shop',
      namespace: 'shop',
      serviceAccount: 'cart',
      roleArn: roleArn('ready'),
    });
    await expect(new EKSClient(settings).send(command)).rejects.toThrow();
    expect(twin.state.associations.size).toBe(1);
    expect(answered).toEqual([['CreatePodIdentityAssociation', 200]]);
  });

  it('of a lost reply are healed by the SDK, whose retry has the same client token', async () => {
    let lost = 0;
    const { account: twin, settings } = await open({ kind: 'reset', when: 'after' }, () => {
      lost += 1;
      return lost === 1;
    });
    const command = new CreatePodIdentityAssociationCommand({
      clusterName: 'shop',
      namespace: 'shop',
      serviceAccount: 'cart',
      roleArn: roleArn('ready'),
    });
    const { association } = await new EKSClient({ ...settings, maxAttempts: 2 }).send(command);
    expect(association?.associationId).toBe([...twin.state.associations.keys()][0]);
    expect(twin.log.requests).toHaveLength(2);
  });

  it('name the object of a write, so that a sweep can tell call sites apart', async () => {
    const { account: twin, settings } = await open({ kind: 'throttle', when: 'before' });
    await expect(
      new IAMClient(settings).send(new UpdateAssumeRolePolicyCommand({ RoleName: 'ready', PolicyDocument: READY })),
    ).rejects.toThrow();
    expect(twin.log.requests).toMatchObject([{ service: 'iam', operation: 'UpdateAssumeRolePolicy', object: 'ready', write: true }]);
  });
});
