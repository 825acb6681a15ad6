import type { CloudTrailEvent } from '../../aws/gateways.ts';
import type { TokenUseFact } from '../../model/inventory.ts';

const SUBJECT = /^system:serviceaccount:([^:]+):([^:]+)$/;

/** The roles that service accounts' tokens were exchanged for, each once (CloudTrail User Guide, "AssumeRoleWithWebIdentity"). */
export function tokenUses(events: readonly CloudTrailEvent[]): TokenUseFact[] {
  const found = new Map<string, TokenUseFact>();
  for (const { event } of events) {
    const { userName } = (event.userIdentity ?? {}) as { userName?: unknown };
    const { roleArn } = (event.requestParameters ?? {}) as { roleArn?: unknown };
    const [, namespace, serviceAccount] = SUBJECT.exec(typeof userName === 'string' ? userName : '') ?? [];
    if (namespace === undefined || serviceAccount === undefined || typeof roleArn !== 'string' || event.errorCode !== undefined) continue;
    found.set(`${namespace}/${serviceAccount} ${roleArn}`, { namespace, serviceAccount, roleArn });
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, use]) => use);
}
