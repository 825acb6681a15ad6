import { PodshiftError } from '../../model/errors.ts';
import { isSelf, type Requester, type RunTerms } from '../../model/requester.ts';
import type { RunRecord } from '../../model/run.ts';
import type { JournalRuntime } from '../runtime.ts';

type Deployed = Pick<JournalRuntime, 'deployment'>;

/**
 * Whether a run waits for an approval: where it was asked for, and where the deployment wants one of every run that changes anything.
 * Throws `RequesterUnknown` where it wants that of another principal, and nobody can tell who asked for this run.
 */
export function approvalOf({ deployment }: Deployed, { mode, approval }: RunTerms, requester: Requester | undefined): RunTerms['approval'] {
  if (mode === 'plan' || deployment === undefined || deployment.approvalMode === 'optional') return approval;
  if (deployment.approvalMode === 'required-by-another') checkKnown(requester);
  return 'required';
}

/**
 * Whether the principal may approve the run's plan. Throws, where the deployment wants an approval of another principal than the one who
 * asked, `SelfApproval` for that one and `RequesterUnknown` where nobody can tell who asked. Refusing is everybody's.
 */
export function checkApprover({ deployment }: Deployed, { runId, requester }: RunRecord, approver: string): void {
  if (deployment?.approvalMode !== 'required-by-another') return;
  checkKnown(requester);
  if (isSelf(requester, approver)) {
    throw new PodshiftError(
      'SelfApproval',
      `run ${runId} was asked for by ${requester?.by}, and the approval would be of the same principal, ${approver}; approvalMode is required-by-another`,
    );
  }
}

function checkKnown(requester: Requester | undefined): void {
  if (requester?.known === true && requester.by !== null) return;
  throw new PodshiftError(
    'RequesterUnknown',
    `nobody can tell who asked for this run (${told(requester)}), and approvalMode is required-by-another`,
  );
}

function told(requester: Requester | undefined): string {
  if (requester === undefined) return 'it has no record of it';
  return requester.by === null ? `it came by ${requester.source}` : `it came by ${requester.source}, which names ${requester.by}`;
}
