import type { CloudTrailEvent } from '../../aws/gateways.ts';
import { isPodshiftError } from '../../model/errors.ts';
import type { RunRecord } from '../../model/run.ts';
import type { Runtime } from '../runtime.ts';
import { ownTime, serverTime } from '../server-time.ts';
import { fingerprint, type TrustedRole } from './role-trust.ts';
import { type Span, type TrailWindow, windowsOf } from './trail-windows.ts';

/** Events that the look at one role stops at: four pages. */
const MOST_OF_A_ROLE = 200;
/** Events of a page. */
const PAGE = 50;
/** Pages that a look for several roles follows at most. */
const MOST_PAGES = 40;
/** For how long it follows pages, in milliseconds: the looks at single roles that it may leave over take as long in the shortest function (120 s). */
const READS_FOR = 30_000;
/**
 * The calls that write a trust policy. The one that podshift makes comes first: what shows podshift's own write was delivered by then,
 * and so was what came before it in the other list, which is read later.
 */
const WRITERS = ['UpdateAssumeRolePolicy', 'CreateRole'] as const;

/** A document that somebody wrote. */
export interface Written {
  /** Milliseconds since the epoch, in whole seconds, by podshift's own clock. */
  readonly at: number;
  readonly is: string;
  readonly document: string;
}

/** What CloudTrail showed of the writes of a role's trust policy. Times are milliseconds since the epoch, by podshift's own clock. */
export interface TrailAnswer {
  /** Newest first; `denied` where CloudTrail may not be read. */
  readonly events: readonly Written[] | 'denied';
  /** From when on all are among them. */
  readonly since: number;
  /** When it was asked. */
  readonly asOf: number;
}

/** The last whole second ahead of a time: events tell no more. */
export function wholeSecond(at: number): number {
  return Math.floor(at / 1000) * 1000;
}

/** The first whole second after a time. */
export function nextSecond(at: number): number {
  return Math.ceil(at / 1000) * 1000;
}

/** Asks CloudTrail who wrote the trust policy of one role in a time. Throws `Throttled`, `ServiceUnavailable`. */
export async function askAlone(runtime: Runtime, run: RunRecord, { roleName }: TrustedRole, span: Span): Promise<TrailAnswer> {
  const asOf = runtime.clock.now();
  try {
    const query = { attribute: 'ResourceName', value: roleName, ...times(runtime, span), scope: 'global', limit: MOST_OF_A_ROLE } as const;
    const found = (await runtime.aws(run.target).cloudTrail.lookupEvents(query)).map((event) => dated(runtime, event));
    const last = found.length >= MOST_OF_A_ROLE ? found.at(-1) : undefined;
    // The newest come first, and others of the last one's second may be left out.
    const since = last === undefined ? wholeSecond(span.from) : last.at + 1000;
    return { events: found.flatMap((event) => written(event, roleName) ?? []), since, asOf };
  } catch (error) {
    if (isPodshiftError(error, 'AccessDenied', 'InvalidRequest')) return { events: 'denied', since: span.from, asOf };
    throw error;
  }
}

/** What one look showed of a role's span; undefined where it says nothing of it, and the role is to be asked for by itself. */
export type Together = (role: TrustedRole, span: Span) => TrailAnswer | undefined;

/**
 * Asks CloudTrail for the writes of all roles at once, by the names of the calls: for each window of the roles' spans two look-ups, and
 * more where they have more than a page of events. The answer of a role is what {@link askAlone} would have answered then. Where a list
 * was cut off, nothing is answered of its window's roles. Throws `Throttled`, `ServiceUnavailable`.
 */
export async function askTogether(runtime: Runtime, run: RunRecord, spans: ReadonlyMap<string, Span>): Promise<Together> {
  const until = runtime.clock.now() + READS_FOR;
  const answers = new Map<string, WindowAnswer>();
  for (const window of windowsOf(spans)) {
    const answer = await lookAt(runtime, run, window, until);
    if (answer !== undefined) for (const roleArn of window.roleArns) answers.set(roleArn, answer);
  }
  return ({ roleArn, roleName }, span) => {
    const [asked, answer] = [spans.get(roleArn), answers.get(roleArn)];
    if (asked === undefined || answer === undefined || span.from < asked.from || span.to > asked.to) return undefined;
    const [since, end] = [wholeSecond(span.from), nextSecond(span.to)];
    const { asOf, events } = answer;
    if (events === 'denied') return { events, since, asOf };
    const lists = events.map((list) =>
      list.filter(({ at }) => at >= since && at <= end).flatMap((event) => written(event, roleName) ?? []),
    );
    return isInOrder(lists) ? { events: lists.flat().sort((one, other) => other.at - one.at), since, asOf } : undefined;
  };
}

/** An event, and when it was: milliseconds since the epoch, by podshift's own clock. */
interface Dated {
  readonly at: number;
  readonly event: CloudTrailEvent;
}

interface WindowAnswer {
  /** One list for each of {@link WRITERS}, newest first. */
  readonly events: readonly (readonly Dated[])[] | 'denied';
  readonly asOf: number;
}

/** All events of a window; undefined where a list was cut off, or the window cannot be asked for. */
async function lookAt(runtime: Runtime, run: RunRecord, window: TrailWindow, until: number): Promise<WindowAnswer | undefined> {
  const { clock } = runtime;
  const { cloudTrail } = runtime.aws(run.target);
  const asOf = clock.now();
  // More pages than half the roles save little where the list is whole, and cost as many look-ups as they would have saved where it is not.
  const most = Math.min(MOST_PAGES, Math.ceil(window.roleArns.length / 2));
  const lists: Dated[][] = [];
  let pages = 0;
  let isCut = false;
  try {
    for (const value of WRITERS) {
      if (clock.now() > until) return undefined;
      const left = Math.max(1, most - pages);
      const last = pages + left;
      const isEnough = (): boolean => {
        pages += 1;
        isCut = pages >= last || clock.now() > until;
        return isCut;
      };
      const query = { attribute: 'EventName', value, ...times(runtime, window), scope: 'global', limit: left * PAGE, isEnough } as const;
      const found = await cloudTrail.lookupEvents(query);
      if (isCut || found.length >= query.limit) return undefined;
      // The last page is not asked about.
      pages += 1;
      lists.push(found.map((event) => dated(runtime, event)));
    }
  } catch (error) {
    if (isPodshiftError(error, 'AccessDenied')) return { events: 'denied', asOf };
    if (isPodshiftError(error, 'InvalidRequest')) return undefined;
    throw error;
  }
  return { events: lists, asOf };
}

/** Whether the seconds tell which of two writes in different lists was the later one. */
function isInOrder([first = [], ...others]: readonly (readonly Written[])[]): boolean {
  const seconds = new Set(first.map(({ at }) => at));
  return others.every((list) => list.every(({ at }) => !seconds.has(at)));
}

function times(runtime: Runtime, { from, to }: Span): { readonly startTime: number; readonly endTime: number } {
  return { startTime: serverTime(runtime, wholeSecond(from)), endTime: serverTime(runtime, nextSecond(to)) };
}

function dated(runtime: Runtime, event: CloudTrailEvent): Dated {
  return { at: ownTime(runtime, event.eventTime), event };
}

/** What a call wrote to the role, or made it with; undefined for any other event, and for a call that was refused. */
function written({ at, event: { eventName, event } }: Dated, roleName: string): Written | undefined {
  const { errorCode, requestParameters } = event as {
    readonly errorCode?: string;
    readonly requestParameters?: {
      readonly roleName?: string;
      readonly policyDocument?: string;
      readonly assumeRolePolicyDocument?: string;
    };
  };
  if (errorCode !== undefined || requestParameters?.roleName !== roleName) return undefined;
  const document =
    eventName === 'CreateRole'
      ? requestParameters.assumeRolePolicyDocument
      : eventName === 'UpdateAssumeRolePolicy'
        ? requestParameters.policyDocument
        : undefined;
  return document === undefined ? undefined : { at, is: fingerprint(document), document };
}
