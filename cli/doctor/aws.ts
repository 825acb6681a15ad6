import { GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts';
import pLimit from 'p-limit';
import { awsCall } from '../../src/aws/errors.ts';
import { isPodshiftError } from '../../src/model/errors.ts';
import type { DoctorCheck } from '../outputs/doctor.ts';
import { isUnreached, missing, type Outcome, ok, outcomeOf, unknown, within } from './attempt.ts';
import { READS, type ReadFacts } from './aws-reads.ts';
import type { DoctorWorld } from './clients.ts';
import type { ActionNeed } from './needs.ts';

/** Reads under way at a time. */
const CONCURRENCY = 6;

/** Seconds by which a clock may be wrong: AWS refuses signatures of clocks that differ by five minutes (IAM User Guide, "Signature Version 4"). */
const SKEW = 300;

const inAws = (check: string, outcome: Outcome, needed: DoctorCheck['needed'] = 'always'): DoctorCheck => ({
  area: 'aws',
  check,
  needed,
  ...outcome,
});

/** Who podshift is to AWS: its own credentials, and those of the role that the target names. `identity` is empty where nobody can tell. */
export async function identityChecks(world: Pick<DoctorWorld, 'target' | 'clients' | 'caller' | 'signal'>): Promise<{
  readonly checks: readonly DoctorCheck[];
  readonly identity: string;
}> {
  const who = async (sts: STSClient): Promise<string> => {
    const send = (): Promise<{ readonly Arn?: string | undefined }> => sts.send(new GetCallerIdentityCommand({}));
    return (await within(awsCall({ service: 'sts', operation: 'GetCallerIdentity' }, send), world.signal)).Arn ?? '';
  };
  const attempt = async (check: string, sts: STSClient): Promise<{ readonly check: DoctorCheck; readonly arn: string }> => {
    try {
      const arn = await who(sts);
      return { check: inAws(check, ok(arn)), arn };
    } catch (error) {
      return { check: inAws(check, outcomeOf(error)), arn: '' };
    }
  };
  const own = await attempt('credentials', world.caller.sts);
  const role = world.target.assumeRoleArn;
  if (role === null) return { checks: [own.check, inAws('sts:AssumeRole', ok('not needed: no --role-arn is given'))], identity: own.arn };
  const check = `sts:AssumeRole of ${role}`;
  if (own.arn === '')
    return { checks: [own.check, inAws(check, unknown('not tried: there are no credentials to assume it with'))], identity: '' };
  const assumed = await attempt(check, world.clients.sts);
  return { checks: [own.check, assumed.check], identity: assumed.arn };
}

/** Whether AWS's clock and this machine's agree; nothing where AWS did not answer. */
export function clockChecks(skew: number | undefined): DoctorCheck[] {
  if (skew === undefined) return [];
  const seconds = Math.round(Math.abs(skew));
  const outcome =
    seconds >= SKEW
      ? missing(
          `this machine's clock is ${seconds} s ${skew > 0 ? 'behind' : 'ahead of'} AWS's: signatures and bearer tokens are refused`,
          'Set the clock (NTP), then run doctor again.',
        )
      : ok(`within ${seconds} s of AWS's`);
  return [inAws('clock', outcome)];
}

/** Tries every action that reads; what a service does not answer to is tried once. */
export async function readChecks(
  { clients, signal }: Pick<DoctorWorld, 'clients' | 'signal'>,
  needs: readonly ActionNeed[],
  facts: ReadFacts,
): Promise<DoctorCheck[]> {
  const limit = pLimit(CONCURRENCY);
  const services = Map.groupBy(needs, ({ action }) => action.split(':')[0] ?? '');
  const checked = [...services.values()].map(async ([first, ...others]) => {
    if (first === undefined) return [];
    const tried = await limit(() => tryRead(first));
    if (tried.unreached) {
      const { detail } = tried.check;
      return [tried.check, ...others.map((need) => inAws(need.action, unknown(`not tried: ${detail}`), neededOf(need)))];
    }
    return [tried.check, ...(await Promise.all(others.map((need) => limit(async () => (await tryRead(need)).check))))];
  });
  return withAlternatives((await Promise.all(checked)).flat());

  async function tryRead(need: ActionNeed): Promise<{ readonly check: DoctorCheck; readonly unreached: boolean }> {
    const [service = '', operation = ''] = need.action.split(':');
    const of = (outcome: Outcome): DoctorCheck => inAws(need.action, outcome, neededOf(need));
    try {
      const read = READS[need.action];
      await within(
        awsCall({ service, operation }, async () => read?.(clients, facts)),
        signal,
      );
      return { check: of(ok(`answered: ${need.why}`)), unreached: false };
    } catch (error) {
      // AWS tells what is not there only to who may ask; a cluster that takes its principals from aws-auth alone lists no entries.
      const isAnswer = isPodshiftError(error, 'NotFound') ? need.action !== 'eks:DescribeCluster' : isWithoutEntries(error, need);
      if (isAnswer) return { check: of(ok(`answered: ${need.why}`)), unreached: false };
      return { check: of(refused(error, need)), unreached: isUnreached(error) };
    }
  }
}

/** One of two actions is enough: the second is needed only where the first is not there. */
function withAlternatives(checks: readonly DoctorCheck[]): DoctorCheck[] {
  const hasDetails = checks.some(({ check, status }) => check === 'iam:GetAccountAuthorizationDetails' && status === 'ok');
  return checks.map((one) => (one.check === 'iam:ListRoles' && hasDetails ? { ...one, needed: 'sometimes' } : one));
}

function isWithoutEntries(error: unknown, { action }: ActionNeed): boolean {
  return action === 'eks:ListAccessEntries' && isPodshiftError(error, 'InvalidRequest');
}

function refused(error: unknown, { action, optional, why }: ActionNeed): Outcome {
  const outcome = outcomeOf(error);
  if (!isPodshiftError(error, 'AccessDenied')) return outcome;
  const without = optional ? ` A run can do without: ${why}.` : '';
  return missing(outcome.detail, `Allow ${action}: docs/permissions.md has what podshift needs, and why.${without}`);
}

/** Whether a run cannot do without the action. */
export function neededOf({ optional }: ActionNeed): DoctorCheck['needed'] {
  return optional ? 'sometimes' : 'always';
}
