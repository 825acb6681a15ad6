import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { EngineClock } from '../engine/clock.ts';
import { openFleetRehearsal } from '../engine/fleet-rehearsal.ts';
import { createLocalRuntime, type LocalRuntime } from '../engine/local-runtime.ts';
import { defaultCredentials } from '../src/aws/default-credentials.ts';
import { createExecutions } from '../src/aws/executions.ts';
import { TIMEOUTS } from '../src/aws/timeouts.ts';
import { createDynamoJournal } from '../src/journal/dynamo-journal.ts';
import type { Journal } from '../src/journal/journal.ts';
import { PodshiftError } from '../src/model/errors.ts';
import type { FleetSpec } from '../src/model/fleet.ts';
import type { Promises } from '../src/model/report.ts';
import type { Executions } from '../src/service/executions.ts';
import { createSystemClock } from '../twin/clock.ts';
import type { Snapshot } from '../twin/snapshot.ts';
import { type CommandContext, textFlag } from './context.ts';
import { narrateFleet } from './fleet-progress.ts';
import type { Invocation } from './program.ts';
import { loggerOf, openSessionJournal } from './sessions.ts';
import { withFleetSelectorsChecked } from './unmatched-selectors.ts';
import { version } from './version.ts';

/** Where a fleet runs in this process. */
export interface FleetSession {
  readonly runtime: LocalRuntime;
  readonly clock: EngineClock;
  readonly journal: Journal;
  /** Fires when someone asks to stop, and when the journal fails. */
  readonly signal: AbortSignal;
  /** What the twins' watches found together; null for real clusters. */
  promises(): Promises | null;
  /** What they saw broken of them, a sentence each; none for real clusters. */
  broken(): readonly string[];
  close(): Promise<void>;
}

/** A fleet of real clusters: the machine's time, the journal in the folder of `--journal`, or in memory for a plan. */
export async function openFleetSession(
  invocation: Invocation,
  context: CommandContext,
  settings: { readonly journal: 'folder' | 'memory'; readonly spec: Pick<FleetSpec, 'regions'> },
): Promise<FleetSession> {
  const clock = createSystemClock();
  const { local, signal } = await openSessionJournal(invocation, context, clock, settings.journal);
  const journal = narrateFleet(withFleetSelectorsChecked(local.journal), clock, context.terminal);
  const endpoint = textFlag(invocation, 'endpointUrl');
  const runtime = createLocalRuntime({
    clock: clock.engine,
    journal,
    retryDelays: 'standard',
    heartbeat: true,
    podshift: await version(),
    ...(settings.journal === 'folder' ? { ownRequests: true } : {}),
    logger: loggerOf(context, clock),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...credentialsOf(invocation, settings.spec.regions[0]),
  });
  return {
    runtime,
    clock: clock.engine,
    journal,
    signal,
    promises: () => null,
    broken: () => [],
    close: async () => {
      clock.close();
      await local.close();
    },
  };
}

/** A fleet of twins: virtual time, a journal in memory. The members' roles are not assumed: a snapshot does not say who may. */
export async function openTwinFleetSession(snapshots: readonly Snapshot[], context: CommandContext): Promise<FleetSession> {
  const startAt = Date.now();
  const rehearsal = await openFleetRehearsal({
    clusters: snapshots.map((snapshot) => ({ snapshot })),
    memberRoles: 'ignored',
    startAt,
    wrapJournal: (journal, clock) => narrateFleet(withFleetSelectorsChecked(journal), clock, context.terminal),
    logger: loggerOf(context, { now: () => startAt }),
  });
  return {
    runtime: rehearsal.runtime(),
    clock: rehearsal.clock.engine,
    journal: rehearsal.journal,
    signal: context.interrupts.signal,
    promises: () => together(rehearsal.twins.map((twin) => twin.promises())),
    broken: () => rehearsal.twins.flatMap((twin) => twin.watch.broken().map((one) => `${twin.clusterName}: ${one}`)),
    close: () => rehearsal.close(),
  };
}

function together(all: readonly Promises[]): Promises {
  return {
    credentialGapSeconds: all.reduce((sum, one) => sum + one.credentialGapSeconds, 0),
    widenedPrincipals: all.flatMap((one) => one.widenedPrincipals),
    foreignWrites: all.reduce((sum, one) => sum + one.foreignWrites, 0),
  };
}

/** The deployed service, as far as fleets need it. */
export interface FleetService {
  readonly executions: Executions;
  readonly journal: Journal;
}

/** `arn:aws:states:REGION:ACCOUNT:stateMachine:podshift-migrate-fleet-STAGE`, with the alias by which executions are started or without. */
const SERVICE = /^(arn:[a-z-]+:states:([a-z0-9-]+):\d{12}:stateMachine:podshift-migrate-fleet-([\w-]+))(?::live)?$/;

/** The service that `--service` names by the ARN of its `migrate-fleet`; undefined without the flag. Throws `UsageError`. */
export function fleetServiceOf(invocation: Invocation): FleetService | undefined {
  const arn = textFlag(invocation, 'service');
  if (arn === undefined) return undefined;
  const [, machine, region, stage] = SERVICE.exec(arn) ?? [];
  if (region === undefined || stage === undefined) {
    throw new PodshiftError('UsageError', `--service takes the ARN of the deployed podshift-migrate-fleet, not "${arn}"`);
  }
  const endpoint = textFlag(invocation, 'endpointUrl');
  const shared = {
    region,
    requestHandler: TIMEOUTS,
    ...credentialsOf(invocation, region),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(shared));
  const clock = { now: () => Date.now() };
  return {
    executions: createExecutions({
      client: new SFNClient(shared),
      stateMachineArns: { 'migrate-cluster': undefined, 'migrate-fleet': `${machine}:live`, 'rollback-run': undefined },
    }),
    journal: createDynamoJournal({ client, tableName: `podshift-journal-${stage}`, clock }),
  };
}

function credentialsOf(invocation: Invocation, region: string | undefined) {
  const profile = textFlag(invocation, 'profile');
  if (profile === undefined) return {};
  return { credentials: defaultCredentials({ profile, region }) };
}
