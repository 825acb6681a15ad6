import pLimit from 'p-limit';
import type { CloudTrailEvent } from '../../aws/gateways.ts';
import { isPodshiftError } from '../../model/errors.ts';
import type { UnitRecord } from '../../model/run.ts';
import { servedNodes } from '../agent/agent.ts';
import { planOf } from '../run/plan-run.ts';
import type { ClusterRuntime, JournalRuntime } from '../runtime.ts';
import { serverTime } from '../server-time.ts';
import { checkRole, lookAtWriters } from '../trust/lost-updates.ts';
import { trustedRole } from '../trust/role-trust.ts';
import { askAlone, type Together } from '../trust/trail-looks.ts';
import type { UnitContext } from '../write.ts';
import type { NewWayReads } from './last-look.ts';

/** Events that are looked at for each unit: four pages. */
const EVENTS_A_UNIT = 200;
/** Events that one look-up reads at most: 40 pages, at two pages a second. */
const MOST_EVENTS = 2000;
/** For how long one call begins further look-ups, in milliseconds: the last one still has to end ahead of the function (270 s). */
const BEGINS_FOR = 90_000;
/** How long one look-up reads pages, in milliseconds: where many functions ask, a page takes its turn among theirs. */
const READS_FOR = 60_000;
/** For how long units of a call go by the same answer of IAM or the API server, in milliseconds. What is looked at around a write is asked for by itself. */
const SHARED_FOR = 15_000;
/** Reads of the journal under way at once. */
const CONCURRENCY = 16;

/** What CloudTrail showed of a role. Times are milliseconds since the epoch, by the services' clock. */
export interface RoleEvents {
  /** Newest first; `silent` where CloudTrail does not answer now, `denied` where it may not be read, `unasked` where the role's turn did not come in this call. */
  readonly events: readonly CloudTrailEvent[] | 'silent' | 'denied' | 'unasked';
  /** From when on all events are among them. */
  readonly since: number;
  /** When it was asked. */
  readonly asOf: number;
}

/** What the units that one call confirms ask for together: each is asked for once, or once in a while, whichever of them comes first. */
export interface SharedLooks extends Pick<NewWayReads, 'role' | 'served'> {
  /** Whether somebody else wrote the trust policy of the unit's role while this run did: see `checkRole`. The roles of all units are asked for at once. */
  checkRole(context: UnitContext): Promise<void>;
  /** The events of the unit's role, from the first restart of the units that share it on. Throws what CloudTrail throws but for throttling, outages and refusals. */
  events(context: UnitContext): Promise<RoleEvents>;
}

/**
 * For the units of one call of a function. CloudTrail answers two look-ups a second in an account and region, so that one goes after
 * another, and for so long as leaves the last one its time.
 */
export function createSharedLooks(runtime: ClusterRuntime, unitIds: readonly string[]): SharedLooks {
  const { clock } = runtime;
  const oneAtATime = pLimit(1);
  const until = clock.now() + BEGINS_FOR;
  let asked = false;
  const inTurn = <T, U>(ask: () => Promise<T>, otherwise: U): Promise<T | U> =>
    oneAtATime(async () => {
      // The first one is asked for in any case, so that every call goes on.
      if (asked && clock.now() > until) return otherwise;
      asked = true;
      return ask();
    });
  const checks = new Map<string, Promise<unknown>>();
  let together: Promise<Together> | undefined;
  const lookUps = new Map<string, Promise<RoleEvents>>();
  const roles = new Map<string, Shared<Awaited<ReturnType<NewWayReads['role']>>>>();
  const agents = new Map<string, Shared<Set<string>>>();
  return {
    checkRole: async ({ run, unit: { plan } }) => {
      const check = async (): Promise<number> => {
        together ??= rolesOf(runtime, run.runId, unitIds).then((roleArns) => lookAtWriters(runtime, run, roleArns));
        const answers = await together;
        // What CloudTrail does not show by now is asked for again at the end of the run.
        return checkRole(runtime, run, plan.roleArn, {
          when: 'early',
          ask: async (role, span) => answers(role, span) ?? inTurn(() => askAlone(runtime, run, role, span), 'unasked'),
        });
      };
      await once(checks, plan.roleArn, check);
    },
    events: (context) =>
      once(lookUps, context.unit.plan.roleArn, () =>
        inTurn(async () => {
          const units = await unitsOfRole(runtime, context.unit, unitIds);
          const since = Math.min(...units.map((unit) => startOfUse(runtime, unit)));
          return lookUp(runtime, context, since, Math.min(MOST_EVENTS, units.length * EVENTS_A_UNIT));
        }, UNASKED),
      ),
    role: ({ aws, unit: { plan } }) => shared(roles, plan.roleArn, clock.now(), () => aws.iam.getRole(trustedRole(plan.roleArn).roleName)),
    served: ({ kubernetes }, agent) => shared(agents, '', clock.now(), () => servedNodes(kubernetes, agent)),
  };
}

const UNASKED: RoleEvents = { events: 'unasked', since: 0, asOf: 0 };

function once<T>(made: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const answer = made.get(key) ?? make();
  made.set(key, answer);
  return answer;
}

interface Shared<T> {
  readonly at: number;
  readonly answer: Promise<T>;
}

/** An answer that is not older than {@link SHARED_FOR}. */
function shared<T>(known: Map<string, Shared<T>>, key: string, now: number, ask: () => Promise<T>): Promise<T> {
  const last = known.get(key);
  if (last !== undefined && now - last.at < SHARED_FOR) return last.answer;
  const answer = ask();
  known.set(key, { at: now, answer });
  return answer;
}

/** The roles of the call's units, each once. */
async function rolesOf(runtime: JournalRuntime, runId: string, unitIds: readonly string[]): Promise<string[]> {
  const { units } = await planOf(runtime, runId);
  const wanted = new Set(unitIds);
  return [...new Set(units.filter(({ id }) => wanted.has(id)).map(({ roleArn }) => roleArn))];
}

/** The units of the call that have the role of this one, as the journal has them; the unit itself is as it was read. */
async function unitsOfRole(runtime: JournalRuntime, unit: UnitRecord, unitIds: readonly string[]): Promise<UnitRecord[]> {
  const { units } = await planOf(runtime, unit.runId);
  const wanted = new Set(unitIds);
  const mates = units.filter(({ id, roleArn }) => id !== unit.unitId && roleArn === unit.plan.roleArn && wanted.has(id));
  const limit = pLimit(CONCURRENCY);
  const read = await Promise.all(mates.map(({ id }) => limit(() => runtime.journal.getUnit(unit.runId, id))));
  return [unit, ...read];
}

/** Events of the unit's role from `since` on, as many as the limit and the time allow. */
async function lookUp(runtime: JournalRuntime, { unit, aws }: UnitContext, since: number, limit: number): Promise<RoleEvents> {
  const { clock } = runtime;
  const begun = clock.now();
  const asOf = serverTime(runtime, begun);
  let isCut = false;
  const isEnough = (): boolean => {
    isCut = clock.now() - begun > READS_FOR;
    return isCut;
  };
  const query = { attribute: 'ResourceName', value: unit.plan.roleArn, startTime: since, endTime: asOf, limit, isEnough } as const;
  try {
    const events = await aws.cloudTrail.lookupEvents(query);
    // The newest come first: an answer that was cut says nothing of what is older than its last event.
    return { events, since: isCut || events.length >= limit ? (events.at(-1)?.eventTime ?? asOf) : since, asOf };
  } catch (error) {
    if (isPodshiftError(error, 'Throttled', 'ServiceUnavailable')) return { events: 'silent', since, asOf };
    if (isPodshiftError(error, 'AccessDenied', 'InvalidRequest')) return { events: 'denied', since, asOf };
    throw error;
  }
}

/** From the restart on, a session by the new way is one of the workloads'. By the services' time. */
export function startOfUse(runtime: JournalRuntime, { stepStartedAt: { restart, verify } }: UnitRecord): number {
  return serverTime(runtime, Date.parse(restart ?? verify ?? '') || runtime.clock.now());
}
