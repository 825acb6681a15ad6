import type { z } from 'zod';
import { type FleetRecord, type FleetStatus, fleetSpec } from '../src/model/fleet.ts';
import type { EngineClock } from './clock.ts';
import type { LocalRuntime } from './local-runtime.ts';
import { type OnProgress, runStateMachine } from './state-machine.ts';

/** What `migrate-fleet` is started with. */
export interface FleetInput extends Pick<FleetRecord, 'fleetId' | 'mode' | 'approval' | 'expectedDigest'> {
  readonly spec: z.input<typeof fleetSpec>;
}

/** A fleet over a runtime of this process: its clusters' runs are executions of this process, too. */
export interface LocalFleet {
  readonly runtime: LocalRuntime;
  readonly clock: EngineClock;
  readonly input: FleetInput;
  readonly onEvent?: OnProgress;
  readonly signal?: AbortSignal;
}

/**
 * Runs `migrate-fleet` and the runs that it starts. Interrupted (the signal), all of them end, nothing is rolled back, and
 * the signal's reason is thrown: the same fleet can be taken up by another runtime over the same journal.
 */
export async function migrateFleet({ input, ...shared }: LocalFleet): Promise<{ fleetId: string; status: FleetStatus }> {
  const { runtime, signal } = shared;
  const executions = await runtime.executions();
  const interrupted = (): void => void executions.close();
  signal?.addEventListener('abort', interrupted, { once: true });
  try {
    const output = await runStateMachine({ ...shared, name: 'migrate-fleet', input: { ...input, spec: fleetSpec.parse(input.spec) } });
    return output as { fleetId: string; status: FleetStatus };
  } finally {
    signal?.removeEventListener('abort', interrupted);
    await executions.settled();
  }
}
