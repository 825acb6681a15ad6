import type { Rehearsal } from '../../engine/rehearsal.ts';
import type { ApprovalRequest } from '../../engine/state-machine.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import type { MigrationOptions } from '../../src/model/options.ts';
import type { Fault, TwinRequest } from '../../twin/contracts.ts';
import type { Driver, RecordedSettings, Recorder } from './recorder.ts';

/** Something that happens to podshift while a recorder listens. */
export type Scenario = readonly [name: string, play: (recorder: Recorder) => Promise<void>];

export const SHOP = 'examples/shop';
export const PRESS = 'examples/press-kube2iam';

/** Short waits, and one failure does not end a run. */
export const OPTIONS: Partial<MigrationOptions> = {
  soakSeconds: 60,
  injectionChecks: 2,
  rolloutTimeoutSeconds: 300,
  proofTimeoutSeconds: 120,
  undoTimeoutSeconds: 600,
  failureThresholdPercent: 100,
};

/** A rehearsal with these options. */
export function run(
  snapshot: RecordedSettings['snapshot'],
  options: Partial<MigrationOptions> = {},
  more: Partial<RecordedSettings> = {},
): RecordedSettings {
  return { snapshot, startAt: Date.UTC(2026, 0, 5, 9), ...more, options: { ...OPTIONS, ...options } };
}

/** Approves whatever waits. */
export const approve = async ({ requested }: ApprovalRequest): Promise<unknown> => requested;

/** Lets it wait in vain. */
export const nobody = async (): Promise<never> => {
  throw new PodshiftError('TaskTokenGone', 'nobody answered in time');
};

type Hooks = NonNullable<RecordedSettings['hooks']>;

/** The first request that fits, and its tries by the SDK, go wrong: the first one applied, its reply lost. */
export function replyLost(isIt: (request: TwinRequest) => boolean, tries = 5): Hooks {
  let tried = 0;
  return {
    beforeRequest: (request): Fault | undefined => {
      if (tried >= tries || !isIt(request)) return undefined;
      tried += 1;
      return { kind: 'reset', when: tried === 1 ? 'after' : 'before' };
    },
  };
}

/** These operations are refused. */
export function refused(kind: 'denied' | 'server-error', ...operations: readonly string[]): Hooks {
  return { beforeRequest: ({ operation }) => (operations.includes(operation) ? { kind, when: 'before' } : undefined) };
}

/** The permissions that podshift can do without are withheld. */
export const WITHHELD = refused(
  'denied',
  'GetAccountAuthorizationDetails',
  'GetAccountSummary',
  'ListOpenIDConnectProviders',
  'LookupEvents',
);

/** The process dies when it comes to the state. */
export function diesAt(state: string): Pick<RecordedSettings, 'signal' | 'onState'> {
  const death = new AbortController();
  return {
    signal: death.signal,
    onState: (_twin, entered) => {
      if (entered === state) death.abort(new PodshiftError('ServiceUnavailable', 'the process died'));
    },
  };
}

/** Another process takes the run up, from its start. */
export async function takenUp({ runId, target, journal }: Rehearsal, { execute }: Driver): Promise<unknown> {
  const { options } = await journal.getRun(runId);
  return execute({ name: 'migrate-cluster', input: { runId, target, mode: 'run', approval: 'none', expectedDigest: null, options } });
}

/** The way back of a run whose process died. */
export function takenBack({ runId }: Rehearsal, { execute }: Driver): Promise<unknown> {
  return execute({ name: 'rollback-run', input: { runId, unitIds: null, reason: 'the process died' } });
}
