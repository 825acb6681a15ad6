import { admitServiceAccounts, type Grant, parseTrustPolicy, type TrustPolicy, widening } from '../src/trust/index.ts';

/** One role's trust policy and the service accounts that it is to admit. */
interface Work {
  readonly policy: TrustPolicy;
  readonly grant: Grant;
}

const ISSUER = 'oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF';
const ACCOUNT = '123456789012';
const ROLES = 500;
const ROUNDS = 40;

/** Roles as they are met: one to three service accounts, in one statement of the cluster's issuer beside one of EC2. */
function makeWork(index: number): Work {
  const serviceAccounts = Array.from({ length: 1 + (index % 3) }, (_, each) => ({
    namespace: `team-${index % 40}`,
    name: `service-${index}-${each}`,
  }));
  const subjects = serviceAccounts.map(({ namespace, name }) => `system:serviceaccount:${namespace}:${name}`);
  const text = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
      {
        Effect: 'Allow',
        Principal: { Federated: `arn:aws:iam::${ACCOUNT}:oidc-provider/${ISSUER}` },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: { StringEquals: { [`${ISSUER}:sub`]: subjects, [`${ISSUER}:aud`]: 'sts.amazonaws.com' } },
      },
    ],
  });
  const clusterArn = `arn:aws:eks:eu-central-1:${ACCOUNT}:cluster/shop`;
  return { policy: read(text), grant: { clusterArn, accountId: ACCOUNT, serviceAccounts, scope: 'service-account' } };
}

function read(text: string): TrustPolicy {
  const result = parseTrustPolicy(text);
  if (!result.ok) throw new Error(result.problem);
  return result.policy;
}

/** Grants, reads the new document back and compares the two: what a run does between reading a role and writing it. */
function grantAndCompare({ policy, grant }: Work): void {
  const result = admitServiceAccounts(policy, grant);
  if (result.kind !== 'changed') throw new Error(`the grant was ${result.kind}`);
  const grown = widening(policy, read(result.text), grant);
  if (grown.length > 0) throw new Error(`widened: ${grown.join(', ')}`);
}

/** Grant-and-compare operations a second on one core, by the processor's time: other load on the machine does not count. */
export function measureTrust(): { readonly operationsPerSecond: number } {
  const work = Array.from({ length: ROLES }, (_, index) => makeWork(index));
  for (let round = 0; round < ROUNDS / 4; round++) work.forEach(grantAndCompare);
  const start = process.cpuUsage();
  for (let round = 0; round < ROUNDS; round++) work.forEach(grantAndCompare);
  const { user, system } = process.cpuUsage(start);
  return { operationsPerSecond: Math.round((ROLES * ROUNDS * 1e6) / (user + system)) };
}
