import type { Change } from '../journal/changes.ts';
import type { JournalWrite } from '../journal/stream.ts';
import { PodshiftError } from '../model/errors.ts';
import { EVENT_SOURCE, MAX_TEXT, type PodshiftEvent } from '../model/events.ts';
import type { Plan } from '../model/plan.ts';
import { isSelf } from '../model/requester.ts';
import type { RunRecord } from '../model/run.ts';
import { planNotice } from '../report/plan/notice.ts';
import { pagePath, pageText } from './pages.ts';

/**
 * Whether a change is an event: a run or a unit that is new or stands otherwise than before (with a run its approval counts),
 * or drift. A first scan compares
 * nothing, and a later one that found nothing changed tells nobody. Pure.
 */
export function isNews(change: Change): change is News {
  switch (change.kind) {
    case 'run':
      return change.before?.status !== change.after.status || change.before?.approval?.status !== change.after.approval?.status;
    case 'unit':
      return change.before?.status !== change.after.status;
    case 'drift':
      return change.after.comparedWith !== null && change.after.total > 0;
    case 'evidence':
      return false;
  }
}

/** A change that can be an event. */
export type News = Exclude<Change, { kind: 'evidence' }>;

/**
 * The event that a change of the journal is. `run` is the run that the change belongs to, `plan` what it waits for approval of, if it does:
 * only its cluster and its plan are taken from them, which never change, so that the same change gives the same event whenever it is read.
 * `apiUrl` is where the service's API is. A unit has its plan with it. Pure; throws `InternalError` for a unit without.
 */
export function eventOf(
  change: News,
  run: RunRecord,
  { id, sequence, time }: Pick<JournalWrite, 'id' | 'sequence' | 'time'>,
  { apiUrl, plan }: { readonly apiUrl: string; readonly plan?: Plan | undefined },
): PodshiftEvent {
  const { target, clusterArn } = run;
  const common = { schemaVersion: 1, id, sequence, runId: run.runId, clusterName: target.clusterName, region: target.region } as const;
  switch (change.kind) {
    case 'run': {
      const { before, after } = change;
      const detail = {
        ...common,
        clusterArn: after.clusterArn,
        status: after.status,
        previousStatus: before?.status ?? null,
        reason: short(after.reason, MAX_TEXT.reason),
        digest: after.digest,
        startedAt: after.startedAt,
        approval: after.approval?.status ?? null,
        plan: plan === undefined ? null : planNotice({ ...plan, options: after.options }, run.runId),
        requester: after.requester ?? null,
        approver: approverOf(after),
        endedAt: after.endedAt,
        unitCounts: after.endedAt === null ? null : (after.unitCounts ?? null),
        audit: after.endedAt === null ? null : (after.audit ?? null),
        page: after.endedAt === null ? null : `${apiUrl}${pagePath(after.runId)}`,
        pageText: after.endedAt === null ? '' : pageText(after.runId, apiUrl),
      };
      return { detailType: 'Run State Changed', time, detail };
    }
    case 'unit': {
      const { before, after } = change;
      if (after.plan === undefined) throw new PodshiftError('InternalError', `the plan of unit ${after.unitId} was not read`);
      const { namespace, serviceAccount, mechanism, roleArn, wave } = after.plan;
      const state = { status: after.status, previousStatus: before?.status ?? null, reason: short(after.reason, MAX_TEXT.reason) };
      const detail = { ...common, clusterArn, unitId: after.unitId, namespace, serviceAccount, mechanism, roleArn, wave, ...state };
      return { detailType: 'Unit State Changed', time, detail };
    }
    case 'drift': {
      const { comparedWith, since, total, findings } = change.after;
      const told = findings.map(({ code, severity, subject, message }) => ({
        code,
        severity,
        subject,
        message: short(message, MAX_TEXT.message),
      }));
      return {
        detailType: 'Cluster Drifted',
        time,
        detail: { ...common, clusterArn, comparedWith: comparedWith ?? '', since: since ?? '', total, findings: told },
      };
    }
  }
}

type ApproverOf = NonNullable<Extract<PodshiftEvent, { detailType: 'Run State Changed' }>['detail']['approver']>;

function approverOf({ approval, requester }: RunRecord): ApproverOf | null {
  const answer = approval?.answer ?? null;
  return answer === null ? null : { by: answer.by, source: 'api', at: answer.at, self: isSelf(requester, answer.by) };
}

/** An entry of PutEvents (EventBridge API reference, PutEventsRequestEntry). */
export interface BusEntry {
  readonly Source: string;
  readonly DetailType: string;
  readonly Time: Date;
  readonly Resources: string[];
  readonly Detail: string;
}

/** The entry that puts an event on a bus. */
export function busEntry({ detailType, time, detail }: PodshiftEvent): BusEntry {
  const Resources = detail.clusterArn === '' ? [] : [detail.clusterArn];
  return { Source: EVENT_SOURCE, DetailType: detailType, Time: new Date(time), Resources, Detail: JSON.stringify(detail) };
}

/** Cut between characters, never within one. */
function short(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}
