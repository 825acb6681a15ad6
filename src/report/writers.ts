import { type Finding, finding } from '../model/findings.ts';
import type { RoleRecord, RunRecord, TrustWrite } from '../model/run.ts';

/** The longest that a write may have been under way whose end nobody recorded, in milliseconds: the lease that it was made under. */
const LEASE = 60_000;

/**
 * What a run that has ended tells of others who may have written a trust policy while it did: what was put back, where CloudTrail
 * did not answer in time, and, once, that it may not be read. Empty while the run is under way.
 */
export function tellWriters({ endedAt, target }: RunRecord, roles: readonly RoleRecord[]): Finding[] {
  if (endedAt === null) return [];
  const isDenied = ({ unseen }: TrustWrite): boolean => unseen === 'denied';
  const denied = roles.filter(({ writes = [] }) => writes.some(isDenied));
  const [first] = denied;
  const unreadable =
    first === undefined
      ? []
      : [
          finding(
            'PS912',
            `Cluster/${target.clusterName}`,
            `it is not known whether somebody else wrote a trust policy while podshift did: podshift may not read CloudTrail (${denied.length === 1 ? first.roleArn : `${denied.length} roles, such as ${first.roleArn}`})`,
          ),
        ];
  return [...unreadable, ...roles.flatMap((role) => [...doubts(role, isDenied), ...putBack(role)])];
}

function doubts({ roleArn, writes = [] }: RoleRecord, isDenied: (write: TrustWrite) => boolean): Finding[] {
  const times = writes.filter((write) => !isDenied(write)).map(({ from, to }) => `${rfc3339(from)} and ${rfc3339(to ?? from + LEASE)}`);
  if (times.length === 0) return [];
  const message = `CloudTrail has not shown whether somebody else wrote the trust policy of ${roleArn} between ${times.join(', or between ')}`;
  return [finding('PS913', `Role/${roleArn}`, message)];
}

function putBack({ roleArn, putBack: times = [] }: RoleRecord): Finding[] {
  return times.map((at) => {
    const message = `somebody else wrote the trust policy of ${roleArn} at ${at}, while podshift did; it was restored beside what podshift wrote`;
    return finding('PS914', `Role/${roleArn}`, message);
  });
}

function rfc3339(at: number): string {
  return new Date(at).toISOString();
}
