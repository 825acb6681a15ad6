import type { Contacts } from '../src/aws/places.ts';
import { REMEDIES } from '../src/model/errors/kinds.ts';
import { PodshiftError } from '../src/model/errors.ts';
import type { CallCounts } from '../src/model/run.ts';
import { connectionFailure, describeFailure, isTlsFailure } from '../src/model/text/connection-failure.ts';
import { gaveUp } from '../src/model/text/duration.ts';
import { hang } from '../src/report/text.ts';
import type { Terminal } from './terminal.ts';

/** Milliseconds from the first failure until a host that never answered is given up: with the time-out of the first try before it, and of the one under way, less than 30 seconds. */
const PATIENCE = 12_000;

/** What a command hears of the hosts that it talks to. */
export interface FirstContact {
  readonly contacts: Contacts;
  /** Fires with the error of a host that cannot be reached, while nothing is under way. */
  readonly signal: AbortSignal;
  /** From now on no host is given up: what is under way waits for it. */
  underWay(): void;
  /** Stops the timers. */
  close(): void;
}

/**
 * Watches over the first contact with each host: says at once that one cannot be reached, and gives it up soon where it never
 * answered, at once where its certificate is not trusted. A host that has answered before is waited for as the steps' retries say.
 *
 * @param isResumed whether the first answer of any host is enough: what goes on then may have written something
 * @param needed the services that nothing works without; a plan does without the others
 */
export function watchFirstContact(
  { talk, talkColumns }: Pick<Terminal, 'talk' | 'talkColumns'>,
  isResumed: boolean,
  needed: readonly (keyof CallCounts)[],
  now: () => number = Date.now,
): FirstContact {
  const controller = new AbortController();
  const answered = new Set<string>();
  const failing = new Map<string, { readonly since: number; tries: number; code: string; readonly timer: NodeJS.Timeout }>();
  let isUnderWay = false;
  const forget = (host: string): void => {
    clearTimeout(failing.get(host)?.timer);
    failing.delete(host);
  };
  const giveUp = (host: string, isCluster: boolean): void => {
    const failed = failing.get(host);
    if (failed === undefined || isUnderWay || controller.signal.aborted) return;
    controller.abort(unreachable(host, failed.code, isCluster, failed.tries, now() - failed.since));
  };
  const first = (host: string, code: string, isCluster: boolean) => {
    talk(hang('', `${describe(host, code)}; trying again`, talkColumns));
    const timer = setTimeout(() => giveUp(host, isCluster), PATIENCE);
    timer.unref();
    return { since: now(), tries: 0, code, timer };
  };
  return {
    signal: controller.signal,
    contacts: {
      answered: (host) => {
        answered.add(host);
        forget(host);
        if (isResumed) isUnderWay = true;
      },
      failed: (host, code, service) => {
        if (answered.has(host) || controller.signal.aborted || !needed.includes(service)) return;
        const isCluster = service === 'kubernetes';
        const failure = connectionFailure(code);
        if (failure !== undefined && isTlsFailure(failure) && !isUnderWay) {
          controller.abort(unreachable(host, code, isCluster, 1, 0));
          return;
        }
        const entry = failing.get(host) ?? first(host, code, isCluster);
        entry.tries += 1;
        entry.code = code;
        failing.set(host, entry);
      },
    },
    underWay: () => {
      isUnderWay = true;
    },
    close: () => {
      for (const host of [...failing.keys()]) forget(host);
    },
  };
}

function describe(host: string, code: string): string {
  return describeFailure(connectionFailure(code) ?? 'timed-out', host, code);
}

function unreachable(host: string, code: string, isCluster: boolean, tries: number, milliseconds: number): PodshiftError {
  const failure = connectionFailure(code);
  const isTls = failure !== undefined && isTlsFailure(failure);
  const given = tries > 1 ? `; ${gaveUp(tries, milliseconds)}` : '';
  const { remedy } = REMEDIES[`${isCluster ? 'API server' : 'AWS'} ${isTls ? 'certificate' : 'connection'}`];
  return new PodshiftError(isCluster ? 'ClusterUnreachable' : 'ServiceUnavailable', `${describe(host, code)}${given}`, {
    remedy,
    details: { host, code, tries },
  });
}
