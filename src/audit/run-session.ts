import { AsyncLocalStorage } from 'node:async_hooks';

const current = new AsyncLocalStorage<string>();

/** Does the work of one invocation for a run: sessions of roles that are assumed meanwhile, and requests, name it. */
export function withRun<T>(runId: string | undefined, work: () => Promise<T>): Promise<T> {
  return runId === undefined ? work() : current.run(runId, work);
}

/** The run that the present work is for; undefined where it is for none. */
export function currentRun(): string | undefined {
  return current.getStore();
}

/** STS API reference, AssumeRole: RoleSessionName. */
const SESSION_NAME = { allowed: /[^\w+=,.@-]/g, length: 64 } as const;

/** How the sessions and the requests of podshift begin their names. */
const PREFIX = 'podshift';

/** The name of the session in which a role is assumed for a run, by which CloudTrail finds its calls: `podshift-RUN`; `podshift` for none. */
export function sessionName(runId: string | undefined): string {
  return runId === undefined ? PREFIX : `${PREFIX}-${runId.replace(SESSION_NAME.allowed, '-')}`.slice(0, SESSION_NAME.length);
}

/** What a request's User-Agent says of the run it is for; empty where it is for none. */
export function runAgent(runId: string | undefined): string {
  return runId === undefined ? '' : `${PREFIX}-run/${runId.replace(SESSION_NAME.allowed, '-')}`;
}
