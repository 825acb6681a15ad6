import type { CloudTrailEvent } from '../aws/gateways.ts';
import { judgeUse } from './cloudtrail.ts';

/** Whose use of a role is asked for, once its daemon is retired; times are milliseconds since the epoch. */
export interface RoleUseQuestion {
  readonly clusterArn: string;
  readonly roleArn: string;
  /** `NAMESPACE/NAME`; each has to be seen by the new way. */
  readonly serviceAccounts: readonly string[];
  /** The roles that the daemon asks as. */
  readonly principals: readonly string[];
  /** Instance ids of the cluster's nodes; empty where the nodes do not tell. */
  readonly instances: readonly string[];
  readonly silenceSeconds: number;
  readonly since: number;
  readonly asOf: number;
}

/** What CloudTrail shows of the use of a role. */
export interface RoleUseVerdict {
  /** Why the principals have to stay; empty where they may go. */
  readonly problem: string;
  readonly newWay: number;
  readonly oldWay: number;
  readonly silentSeconds: number;
}

/** CloudTrail delivers about 5 minutes after an event (AWS CloudTrail User Guide, "How CloudTrail works"). */
const DELIVERY_SECONDS = 300;

/**
 * Judges events of a role: every service account has used it by Pod Identity, nobody took it otherwise for the time of
 * silence, and nobody took it as one of the principals on an instance that is no node of this cluster, however long ago
 * the events reach: that would be another cluster's daemon.
 */
export function judgeRoleUse(events: readonly CloudTrailEvent[], question: RoleUseQuestion): RoleUseVerdict {
  const { clusterArn, roleArn, since, asOf } = question;
  const silentSince = asOf - (question.silenceSeconds + DELIVERY_SECONDS) * 1000;
  const verdicts = question.serviceAccounts.map((id) => {
    const [namespace = '', serviceAccount = ''] = id.split('/');
    return { id, ...judgeUse(events, { clusterArn, roleArn, namespace, serviceAccount, byDaemon: true, since, silentSince, asOf }) };
  });
  const unused = verdicts.filter(({ newWay }) => newWay === 0).map(({ id }) => id);
  const oldWay = verdicts[0]?.oldWay ?? 0;
  const strangers = strangersOf(events, question);
  const silentSeconds = Math.floor((asOf - Math.max(silentSince, since)) / 1000) - DELIVERY_SECONDS;
  const problems = [
    ...(strangers.length > 0 ? [`${strangers.join(', ')} took the role, and no node of this cluster is one of them`] : []),
    ...(oldWay > 0
      ? [
          `the role was taken ${oldWay === 1 ? 'once' : `${oldWay} times`} by the old mechanism within the last ${question.silenceSeconds} s`,
        ]
      : []),
    ...(silentSeconds < question.silenceSeconds ? [`CloudTrail shows only the last ${Math.max(0, silentSeconds)} s`] : []),
    ...(unused.length > 0 ? [`CloudTrail shows no use by Pod Identity of ${unused.join(', ')}`] : []),
  ];
  return {
    problem: problems[0] ?? '',
    newWay: verdicts.reduce((sum, verdict) => sum + verdict.newWay, 0),
    oldWay,
    silentSeconds: Math.max(0, silentSeconds),
  };
}

interface StsEvent {
  readonly errorCode?: string;
  readonly userIdentity?: {
    readonly arn?: string;
    readonly sessionContext?: { readonly sessionIssuer?: { readonly arn?: string } };
  };
  readonly requestParameters?: { readonly roleArn?: string };
}

/** Instances that took the role as one of the principals and are none of the cluster's; a session of an instance is named after it. */
function strangersOf(events: readonly CloudTrailEvent[], { roleArn, principals, instances }: RoleUseQuestion): string[] {
  if (instances.length === 0) return [];
  const found = events.flatMap(({ eventName, event }) => {
    const { errorCode, userIdentity, requestParameters } = event as StsEvent;
    const caller = userIdentity?.sessionContext?.sessionIssuer?.arn ?? '';
    const session = userIdentity?.arn?.split('/').at(-1) ?? '';
    const isOne =
      eventName === 'AssumeRole' && errorCode === undefined && requestParameters?.roleArn === roleArn && principals.includes(caller);
    return isOne && /^i-[0-9a-f]+$/.test(session) && !instances.includes(session) ? [session] : [];
  });
  return [...new Set(found)].sort();
}
